"""Use-cases shared by the CLI and the pages: plain functions in, plain data out.

Names are imported on first use, so that a command line that only prints its help is quick.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_NAMES = {
    "alerts": "Alert",
    "asking_words": (
        "AnswerInWords AskingInWords Judgement Quality approve_answer approve_question ask_in_words ask_question "
        "quality_words questions reject_answer revoke_question"
    ),
    "attention": "Attention",
    "browsing": "Entry Inside Listing browse connector_of inside",
    "changing": "Built Promoted aggregation build export ingest promote run",
    "chart_data": "ChartData ChartSpec Choices chart_choices chart_points choose_chart refit_chart",
    "checking": "checked columns_at problems",
    "claims": "Claim key_claim keys_of kind_claim personal_claim",
    "clusters": "ClusterDetail ClusterLine GoldenValue PairView match_cluster match_clusters match_pair percent",
    "configuring": "SecretView SettingsView Trial edit_settings save_settings settings_view try_settings",
    "costs": "Cost Curve Point cost may_count_all row_costs rows_of_bronze",
    "describing": "ColumnDomain Description Descriptions KeyColumns describe describe_plan",
    "dialects": "Fact",
    "diffing": "Diff diff natural_keys",
    "drafts": "DraftView draft redo save_draft save_draft_text undo",
    "edits": "DraftEntry Edit add_entry delete listed move set_options switch",
    "explaining": "Explanation explain_plan explain_row",
    "exploring": "GoldPlan TreeTable Vocabulary column_name gold_plan schema_tree sql_name starting_query vocabulary",
    "exporting": "Exported export_run rerun_run",
    "fields": "FieldChange",
    "findings": "Change Finding",
    "following": "ChangeLogView LogChoice change_log changes_told follow log_choice read_again unfollow way_back",
    "forming": "Kind kinds option_errors options_schema",
    "golden_set": ("Golden GoldenOutcome GoldenRun add_golden drop_golden golden_set run_golden try_golden"),
    "health": "Check doctor",
    "lakes": (
        "LOGIN VARIABLE check_unshared create is_lake lake_path login_name model_mode opened policy shared versions"
    ),
    "ledgers": "Flow LedgerPart LedgerParts ledger_flows ledger_parts",
    "lineage": "Edge Graph Node graph",
    "listing": "TableCount TableFacts catalogue table_count table_facts",
    "looking": (
        "Overview RunInfo TableInfo fix history overview quarantine query rollback runs show table_names tables trace "
        "waive"
    ),
    "monitoring": "Inbox Measuring expect measure monitored monitors monitors_version unexpect",
    "mutating": "MutationTest Remedy accept_remedies mutation_test",
    "match_all": "match_job match_whole",
    "match_labels": "BlindPair Decided PairDecision decided label match_queue pair_decisions unmerge",
    "match_new": "NewRow NewRows match_new",
    "matched": "MatchStep match_step",
    "maintaining": "Tidied maintain tidied",
    "modelling": "ModelStatus Plan agree_to_model allow_values model_status withdraw_consent",
    "matching": "MatchPoint MatchView THRESHOLDS match_edit match_view",
    "paging": "OPERATORS PAGE_ROWS Filter Page data_columns page parse_filter",
    "previewing": "Preview preview_step",
    "profiles": "ColumnProfile Profile profile",
    "promoting": "GoldTable Promotable gold_tables promotable",
    "promotions": "PromotionSpec load_promotion parse_promotion",
    "proving": "Proof proof_job prove",
    "query_examples": "Example examples",
    "query_history": "Ran forget_statements recent_statements",
    "querying": "Answer Asking Past answer_sql ask_sql download_answer media_type warm_queries",
    "reading_texts": "TEXT_STEPS read_texts read_texts_plan",
    "relations": "ForeignKey Relations relate relate_plan relations",
    "replaying": "unfit",
    "reviewed": "ColumnChange SetAside",
    "reviews": "Revertible Review ReviewInfo discard publish published_spec revert revertible review reviews stage",
    "runcompare": "RunComparison compare_runs",
    "rule_history": "RulePoint rule_history",
    "rundetail": "RunDetail removed_rows run_detail",
    "runlist": "RunLine RunPage run_page",
    "running": "Job cancel job job_log jobs rerun submit waiting_for",
    "sampling": "Broken Sample Verdict check_source sample",
    "saying": "Reading Staged Unknown say say_plan staged_edit",
    "semantic_view": (
        "SemanticChange SemanticPart SemanticView begin_semantics check_semantics proposed_semantics read_semantics "
        "save_semantics semantics_text"
    ),
    "sources": "Connector SourceForm build_source connectors infer place_of preview source_form typed_place",
    "steptimes": "StepTimes step_times",
    "storage_files": "ColumnSize DataFileInfo Files files",
    "suggesting": "Proposal accepted suggestions",
    "suspecting": "Suspect Suspects fix_suspects suspects trust_cells",
    "taking": "Contract KeyEvidence Standing key_evidence standing table_name table_name_problem",
    "timelines": "ColumnEvent State rollback_to schema_history timeline told",
    "tracing": "CellTrace Record Stage trace_cell",
    "trials": "Problem",
    "uploads": "Upload keep_upload prune_uploads recent_uploads upload_folder upload_limit",
    "values": "Rows plain",
    "watermarking": (
        "CursorChoice WatermarkView backfill_range cursor_choices incremental_problem put_watermark watermarks"
    ),
}
"""Module to the names it gives; ``__init__.pyi`` says the same to type checkers."""

_HOME = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


class _Names(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        """A module of the name of a use-case does not hide it once it is imported."""
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Names
