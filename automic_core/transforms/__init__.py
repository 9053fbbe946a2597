"""Steps and the pure functions behind them: shape, nulls, duplicates, quality, rules, anomalies, inference."""
