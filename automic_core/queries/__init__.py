"""Statements of people run in processes of their own, bounded in time and memory."""
