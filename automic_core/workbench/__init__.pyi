"""Names of the package for type checkers; ``__init__.py`` gives the same ones on first use."""

from automic_core.workbench.alerts import Alert as Alert
from automic_core.workbench.asking_words import AnswerInWords as AnswerInWords
from automic_core.workbench.asking_words import AskingInWords as AskingInWords
from automic_core.workbench.asking_words import Judgement as Judgement
from automic_core.workbench.asking_words import Quality as Quality
from automic_core.workbench.asking_words import approve_answer as approve_answer
from automic_core.workbench.asking_words import approve_question as approve_question
from automic_core.workbench.asking_words import ask_in_words as ask_in_words
from automic_core.workbench.asking_words import ask_question as ask_question
from automic_core.workbench.asking_words import quality_words as quality_words
from automic_core.workbench.asking_words import questions as questions
from automic_core.workbench.asking_words import reject_answer as reject_answer
from automic_core.workbench.asking_words import revoke_question as revoke_question
from automic_core.workbench.attention import Attention as Attention
from automic_core.workbench.browsing import (
    Entry as Entry,
)
from automic_core.workbench.browsing import (
    Inside as Inside,
)
from automic_core.workbench.browsing import (
    Listing as Listing,
)
from automic_core.workbench.browsing import (
    browse as browse,
)
from automic_core.workbench.browsing import (
    connector_of as connector_of,
)
from automic_core.workbench.browsing import (
    inside as inside,
)
from automic_core.workbench.changing import (
    Built as Built,
)
from automic_core.workbench.changing import (
    Promoted as Promoted,
)
from automic_core.workbench.changing import (
    aggregation as aggregation,
)
from automic_core.workbench.changing import (
    build as build,
)
from automic_core.workbench.changing import (
    export as export,
)
from automic_core.workbench.changing import (
    ingest as ingest,
)
from automic_core.workbench.changing import (
    promote as promote,
)
from automic_core.workbench.changing import (
    run as run,
)
from automic_core.workbench.chart_data import ChartData as ChartData
from automic_core.workbench.chart_data import (
    ChartSpec as ChartSpec,
)
from automic_core.workbench.chart_data import (
    Choices as Choices,
)
from automic_core.workbench.chart_data import (
    chart_choices as chart_choices,
)
from automic_core.workbench.chart_data import chart_points as chart_points
from automic_core.workbench.chart_data import (
    choose_chart as choose_chart,
)
from automic_core.workbench.chart_data import (
    refit_chart as refit_chart,
)
from automic_core.workbench.checking import checked as checked
from automic_core.workbench.checking import columns_at as columns_at
from automic_core.workbench.checking import problems as problems
from automic_core.workbench.claims import Claim as Claim
from automic_core.workbench.claims import key_claim as key_claim
from automic_core.workbench.claims import keys_of as keys_of
from automic_core.workbench.claims import kind_claim as kind_claim
from automic_core.workbench.claims import personal_claim as personal_claim
from automic_core.workbench.clusters import (
    ClusterDetail as ClusterDetail,
)
from automic_core.workbench.clusters import (
    ClusterLine as ClusterLine,
)
from automic_core.workbench.clusters import (
    GoldenValue as GoldenValue,
)
from automic_core.workbench.clusters import (
    PairView as PairView,
)
from automic_core.workbench.clusters import (
    match_cluster as match_cluster,
)
from automic_core.workbench.clusters import (
    match_clusters as match_clusters,
)
from automic_core.workbench.clusters import (
    match_pair as match_pair,
)
from automic_core.workbench.clusters import (
    percent as percent,
)
from automic_core.workbench.configuring import (
    SecretView as SecretView,
)
from automic_core.workbench.configuring import (
    SettingsView as SettingsView,
)
from automic_core.workbench.configuring import (
    Trial as Trial,
)
from automic_core.workbench.configuring import (
    edit_settings as edit_settings,
)
from automic_core.workbench.configuring import (
    save_settings as save_settings,
)
from automic_core.workbench.configuring import (
    settings_view as settings_view,
)
from automic_core.workbench.configuring import (
    try_settings as try_settings,
)
from automic_core.workbench.costs import (
    Cost as Cost,
)
from automic_core.workbench.costs import (
    Curve as Curve,
)
from automic_core.workbench.costs import (
    Point as Point,
)
from automic_core.workbench.costs import (
    cost as cost,
)
from automic_core.workbench.costs import (
    may_count_all as may_count_all,
)
from automic_core.workbench.costs import (
    row_costs as row_costs,
)
from automic_core.workbench.costs import (
    rows_of_bronze as rows_of_bronze,
)
from automic_core.workbench.describing import (
    ColumnDomain as ColumnDomain,
)
from automic_core.workbench.describing import (
    Description as Description,
)
from automic_core.workbench.describing import (
    Descriptions as Descriptions,
)
from automic_core.workbench.describing import KeyColumns as KeyColumns
from automic_core.workbench.describing import (
    describe as describe,
)
from automic_core.workbench.describing import (
    describe_plan as describe_plan,
)
from automic_core.workbench.dialects import Fact as Fact
from automic_core.workbench.diffing import Diff as Diff
from automic_core.workbench.diffing import diff as diff
from automic_core.workbench.diffing import natural_keys as natural_keys
from automic_core.workbench.drafts import (
    DraftView as DraftView,
)
from automic_core.workbench.drafts import (
    draft as draft,
)
from automic_core.workbench.drafts import (
    redo as redo,
)
from automic_core.workbench.drafts import (
    save_draft as save_draft,
)
from automic_core.workbench.drafts import (
    save_draft_text as save_draft_text,
)
from automic_core.workbench.drafts import (
    undo as undo,
)
from automic_core.workbench.edits import (
    DraftEntry as DraftEntry,
)
from automic_core.workbench.edits import (
    Edit as Edit,
)
from automic_core.workbench.edits import (
    add_entry as add_entry,
)
from automic_core.workbench.edits import (
    delete as delete,
)
from automic_core.workbench.edits import (
    listed as listed,
)
from automic_core.workbench.edits import (
    move as move,
)
from automic_core.workbench.edits import (
    set_options as set_options,
)
from automic_core.workbench.edits import (
    switch as switch,
)
from automic_core.workbench.explaining import Explanation as Explanation
from automic_core.workbench.explaining import explain_plan as explain_plan
from automic_core.workbench.explaining import explain_row as explain_row
from automic_core.workbench.exploring import (
    GoldPlan as GoldPlan,
)
from automic_core.workbench.exploring import (
    TreeTable as TreeTable,
)
from automic_core.workbench.exploring import (
    Vocabulary as Vocabulary,
)
from automic_core.workbench.exploring import (
    column_name as column_name,
)
from automic_core.workbench.exploring import (
    gold_plan as gold_plan,
)
from automic_core.workbench.exploring import (
    schema_tree as schema_tree,
)
from automic_core.workbench.exploring import (
    sql_name as sql_name,
)
from automic_core.workbench.exploring import (
    starting_query as starting_query,
)
from automic_core.workbench.exploring import (
    vocabulary as vocabulary,
)
from automic_core.workbench.exporting import Exported as Exported
from automic_core.workbench.exporting import export_run as export_run
from automic_core.workbench.exporting import rerun_run as rerun_run
from automic_core.workbench.fields import FieldChange as FieldChange
from automic_core.workbench.findings import Change as Change
from automic_core.workbench.findings import Finding as Finding
from automic_core.workbench.following import ChangeLogView as ChangeLogView
from automic_core.workbench.following import LogChoice as LogChoice
from automic_core.workbench.following import change_log as change_log
from automic_core.workbench.following import changes_told as changes_told
from automic_core.workbench.following import follow as follow
from automic_core.workbench.following import log_choice as log_choice
from automic_core.workbench.following import read_again as read_again
from automic_core.workbench.following import unfollow as unfollow
from automic_core.workbench.following import way_back as way_back
from automic_core.workbench.forming import (
    Kind as Kind,
)
from automic_core.workbench.forming import (
    kinds as kinds,
)
from automic_core.workbench.forming import (
    option_errors as option_errors,
)
from automic_core.workbench.forming import (
    options_schema as options_schema,
)
from automic_core.workbench.golden_set import Golden as Golden
from automic_core.workbench.golden_set import GoldenOutcome as GoldenOutcome
from automic_core.workbench.golden_set import GoldenRun as GoldenRun
from automic_core.workbench.golden_set import add_golden as add_golden
from automic_core.workbench.golden_set import drop_golden as drop_golden
from automic_core.workbench.golden_set import golden_set as golden_set
from automic_core.workbench.golden_set import run_golden as run_golden
from automic_core.workbench.golden_set import try_golden as try_golden
from automic_core.workbench.health import Check as Check
from automic_core.workbench.health import doctor as doctor
from automic_core.workbench.lakes import (
    LOGIN as LOGIN,
)
from automic_core.workbench.lakes import (
    VARIABLE as VARIABLE,
)
from automic_core.workbench.lakes import (
    check_unshared as check_unshared,
)
from automic_core.workbench.lakes import (
    create as create,
)
from automic_core.workbench.lakes import (
    is_lake as is_lake,
)
from automic_core.workbench.lakes import (
    lake_path as lake_path,
)
from automic_core.workbench.lakes import (
    login_name as login_name,
)
from automic_core.workbench.lakes import (
    model_mode as model_mode,
)
from automic_core.workbench.lakes import (
    opened as opened,
)
from automic_core.workbench.lakes import (
    policy as policy,
)
from automic_core.workbench.lakes import (
    shared as shared,
)
from automic_core.workbench.lakes import (
    versions as versions,
)
from automic_core.workbench.ledgers import (
    Flow as Flow,
)
from automic_core.workbench.ledgers import (
    LedgerPart as LedgerPart,
)
from automic_core.workbench.ledgers import (
    LedgerParts as LedgerParts,
)
from automic_core.workbench.ledgers import (
    ledger_flows as ledger_flows,
)
from automic_core.workbench.ledgers import (
    ledger_parts as ledger_parts,
)
from automic_core.workbench.lineage import Edge as Edge
from automic_core.workbench.lineage import Graph as Graph
from automic_core.workbench.lineage import Node as Node
from automic_core.workbench.lineage import graph as graph
from automic_core.workbench.listing import TableCount as TableCount
from automic_core.workbench.listing import TableFacts as TableFacts
from automic_core.workbench.listing import catalogue as catalogue
from automic_core.workbench.listing import table_count as table_count
from automic_core.workbench.listing import table_facts as table_facts
from automic_core.workbench.looking import (
    Overview as Overview,
)
from automic_core.workbench.looking import (
    RunInfo as RunInfo,
)
from automic_core.workbench.looking import (
    TableInfo as TableInfo,
)
from automic_core.workbench.looking import (
    fix as fix,
)
from automic_core.workbench.looking import (
    history as history,
)
from automic_core.workbench.looking import (
    overview as overview,
)
from automic_core.workbench.looking import (
    quarantine as quarantine,
)
from automic_core.workbench.looking import (
    query as query,
)
from automic_core.workbench.looking import (
    rollback as rollback,
)
from automic_core.workbench.looking import (
    runs as runs,
)
from automic_core.workbench.looking import (
    show as show,
)
from automic_core.workbench.looking import (
    table_names as table_names,
)
from automic_core.workbench.looking import (
    tables as tables,
)
from automic_core.workbench.looking import (
    trace as trace,
)
from automic_core.workbench.looking import (
    waive as waive,
)
from automic_core.workbench.maintaining import Tidied as Tidied
from automic_core.workbench.maintaining import maintain as maintain
from automic_core.workbench.maintaining import tidied as tidied
from automic_core.workbench.match_all import (
    match_job as match_job,
)
from automic_core.workbench.match_all import (
    match_whole as match_whole,
)
from automic_core.workbench.match_labels import (
    BlindPair as BlindPair,
)
from automic_core.workbench.match_labels import (
    Decided as Decided,
)
from automic_core.workbench.match_labels import (
    PairDecision as PairDecision,
)
from automic_core.workbench.match_labels import (
    decided as decided,
)
from automic_core.workbench.match_labels import (
    label as label,
)
from automic_core.workbench.match_labels import (
    match_queue as match_queue,
)
from automic_core.workbench.match_labels import (
    pair_decisions as pair_decisions,
)
from automic_core.workbench.match_labels import (
    unmerge as unmerge,
)
from automic_core.workbench.match_new import (
    NewRow as NewRow,
)
from automic_core.workbench.match_new import (
    NewRows as NewRows,
)
from automic_core.workbench.match_new import (
    match_new as match_new,
)
from automic_core.workbench.matched import (
    MatchStep as MatchStep,
)
from automic_core.workbench.matched import (
    match_step as match_step,
)
from automic_core.workbench.matching import (
    THRESHOLDS as THRESHOLDS,
)
from automic_core.workbench.matching import (
    MatchPoint as MatchPoint,
)
from automic_core.workbench.matching import (
    MatchView as MatchView,
)
from automic_core.workbench.matching import (
    match_edit as match_edit,
)
from automic_core.workbench.matching import (
    match_view as match_view,
)
from automic_core.workbench.modelling import (
    ModelStatus as ModelStatus,
)
from automic_core.workbench.modelling import Plan as Plan
from automic_core.workbench.modelling import (
    agree_to_model as agree_to_model,
)
from automic_core.workbench.modelling import (
    allow_values as allow_values,
)
from automic_core.workbench.modelling import (
    model_status as model_status,
)
from automic_core.workbench.modelling import (
    withdraw_consent as withdraw_consent,
)
from automic_core.workbench.monitoring import (
    Inbox as Inbox,
)
from automic_core.workbench.monitoring import (
    Measuring as Measuring,
)
from automic_core.workbench.monitoring import (
    expect as expect,
)
from automic_core.workbench.monitoring import (
    measure as measure,
)
from automic_core.workbench.monitoring import (
    monitored as monitored,
)
from automic_core.workbench.monitoring import (
    monitors as monitors,
)
from automic_core.workbench.monitoring import (
    monitors_version as monitors_version,
)
from automic_core.workbench.monitoring import (
    unexpect as unexpect,
)
from automic_core.workbench.mutating import MutationTest as MutationTest
from automic_core.workbench.mutating import Remedy as Remedy
from automic_core.workbench.mutating import accept_remedies as accept_remedies
from automic_core.workbench.mutating import mutation_test as mutation_test
from automic_core.workbench.paging import (
    OPERATORS as OPERATORS,
)
from automic_core.workbench.paging import (
    PAGE_ROWS as PAGE_ROWS,
)
from automic_core.workbench.paging import (
    Filter as Filter,
)
from automic_core.workbench.paging import (
    Page as Page,
)
from automic_core.workbench.paging import (
    data_columns as data_columns,
)
from automic_core.workbench.paging import (
    page as page,
)
from automic_core.workbench.paging import (
    parse_filter as parse_filter,
)
from automic_core.workbench.previewing import Preview as Preview
from automic_core.workbench.previewing import preview_step as preview_step
from automic_core.workbench.profiles import ColumnProfile as ColumnProfile
from automic_core.workbench.profiles import Profile as Profile
from automic_core.workbench.profiles import profile as profile
from automic_core.workbench.promoting import (
    GoldTable as GoldTable,
)
from automic_core.workbench.promoting import (
    Promotable as Promotable,
)
from automic_core.workbench.promoting import (
    gold_tables as gold_tables,
)
from automic_core.workbench.promoting import (
    promotable as promotable,
)
from automic_core.workbench.promotions import (
    PromotionSpec as PromotionSpec,
)
from automic_core.workbench.promotions import (
    load_promotion as load_promotion,
)
from automic_core.workbench.promotions import (
    parse_promotion as parse_promotion,
)
from automic_core.workbench.proving import Proof as Proof
from automic_core.workbench.proving import proof_job as proof_job
from automic_core.workbench.proving import prove as prove
from automic_core.workbench.query_examples import Example as Example
from automic_core.workbench.query_examples import examples as examples
from automic_core.workbench.query_history import (
    Ran as Ran,
)
from automic_core.workbench.query_history import (
    forget_statements as forget_statements,
)
from automic_core.workbench.query_history import (
    recent_statements as recent_statements,
)
from automic_core.workbench.querying import (
    Answer as Answer,
)
from automic_core.workbench.querying import (
    Asking as Asking,
)
from automic_core.workbench.querying import (
    Past as Past,
)
from automic_core.workbench.querying import (
    answer_sql as answer_sql,
)
from automic_core.workbench.querying import (
    ask_sql as ask_sql,
)
from automic_core.workbench.querying import (
    download_answer as download_answer,
)
from automic_core.workbench.querying import (
    media_type as media_type,
)
from automic_core.workbench.querying import (
    warm_queries as warm_queries,
)
from automic_core.workbench.reading_texts import TEXT_STEPS as TEXT_STEPS
from automic_core.workbench.reading_texts import read_texts as read_texts
from automic_core.workbench.reading_texts import read_texts_plan as read_texts_plan
from automic_core.workbench.relations import ForeignKey as ForeignKey
from automic_core.workbench.relations import Relations as Relations
from automic_core.workbench.relations import relate as relate
from automic_core.workbench.relations import relate_plan as relate_plan
from automic_core.workbench.relations import relations as relations
from automic_core.workbench.replaying import unfit as unfit
from automic_core.workbench.reviewed import ColumnChange as ColumnChange
from automic_core.workbench.reviewed import SetAside as SetAside
from automic_core.workbench.reviews import (
    Revertible as Revertible,
)
from automic_core.workbench.reviews import (
    Review as Review,
)
from automic_core.workbench.reviews import (
    ReviewInfo as ReviewInfo,
)
from automic_core.workbench.reviews import (
    discard as discard,
)
from automic_core.workbench.reviews import (
    publish as publish,
)
from automic_core.workbench.reviews import (
    published_spec as published_spec,
)
from automic_core.workbench.reviews import (
    revert as revert,
)
from automic_core.workbench.reviews import (
    revertible as revertible,
)
from automic_core.workbench.reviews import (
    review as review,
)
from automic_core.workbench.reviews import (
    reviews as reviews,
)
from automic_core.workbench.reviews import (
    stage as stage,
)
from automic_core.workbench.rule_history import RulePoint as RulePoint
from automic_core.workbench.rule_history import rule_history as rule_history
from automic_core.workbench.runcompare import RunComparison as RunComparison
from automic_core.workbench.runcompare import compare_runs as compare_runs
from automic_core.workbench.rundetail import (
    RunDetail as RunDetail,
)
from automic_core.workbench.rundetail import (
    removed_rows as removed_rows,
)
from automic_core.workbench.rundetail import (
    run_detail as run_detail,
)
from automic_core.workbench.runlist import RunLine as RunLine
from automic_core.workbench.runlist import RunPage as RunPage
from automic_core.workbench.runlist import run_page as run_page
from automic_core.workbench.running import (
    Job as Job,
)
from automic_core.workbench.running import (
    cancel as cancel,
)
from automic_core.workbench.running import (
    job as job,
)
from automic_core.workbench.running import (
    job_log as job_log,
)
from automic_core.workbench.running import (
    jobs as jobs,
)
from automic_core.workbench.running import (
    rerun as rerun,
)
from automic_core.workbench.running import (
    submit as submit,
)
from automic_core.workbench.running import (
    waiting_for as waiting_for,
)
from automic_core.workbench.sampling import (
    Broken as Broken,
)
from automic_core.workbench.sampling import (
    Sample as Sample,
)
from automic_core.workbench.sampling import (
    Verdict as Verdict,
)
from automic_core.workbench.sampling import (
    check_source as check_source,
)
from automic_core.workbench.sampling import (
    sample as sample,
)
from automic_core.workbench.saying import Reading as Reading
from automic_core.workbench.saying import Staged as Staged
from automic_core.workbench.saying import Unknown as Unknown
from automic_core.workbench.saying import say as say
from automic_core.workbench.saying import say_plan as say_plan
from automic_core.workbench.saying import staged_edit as staged_edit
from automic_core.workbench.semantic_view import SemanticChange as SemanticChange
from automic_core.workbench.semantic_view import SemanticPart as SemanticPart
from automic_core.workbench.semantic_view import SemanticView as SemanticView
from automic_core.workbench.semantic_view import begin_semantics as begin_semantics
from automic_core.workbench.semantic_view import check_semantics as check_semantics
from automic_core.workbench.semantic_view import proposed_semantics as proposed_semantics
from automic_core.workbench.semantic_view import read_semantics as read_semantics
from automic_core.workbench.semantic_view import save_semantics as save_semantics
from automic_core.workbench.semantic_view import semantics_text as semantics_text
from automic_core.workbench.sources import (
    Connector as Connector,
)
from automic_core.workbench.sources import (
    SourceForm as SourceForm,
)
from automic_core.workbench.sources import (
    build_source as build_source,
)
from automic_core.workbench.sources import (
    connectors as connectors,
)
from automic_core.workbench.sources import (
    infer as infer,
)
from automic_core.workbench.sources import (
    place_of as place_of,
)
from automic_core.workbench.sources import (
    preview as preview,
)
from automic_core.workbench.sources import (
    source_form as source_form,
)
from automic_core.workbench.sources import (
    typed_place as typed_place,
)
from automic_core.workbench.steptimes import StepTimes as StepTimes
from automic_core.workbench.steptimes import step_times as step_times
from automic_core.workbench.storage_files import (
    ColumnSize as ColumnSize,
)
from automic_core.workbench.storage_files import (
    DataFileInfo as DataFileInfo,
)
from automic_core.workbench.storage_files import (
    Files as Files,
)
from automic_core.workbench.storage_files import (
    files as files,
)
from automic_core.workbench.suggesting import Proposal as Proposal
from automic_core.workbench.suggesting import accepted as accepted
from automic_core.workbench.suggesting import suggestions as suggestions
from automic_core.workbench.suspecting import Suspect as Suspect
from automic_core.workbench.suspecting import Suspects as Suspects
from automic_core.workbench.suspecting import fix_suspects as fix_suspects
from automic_core.workbench.suspecting import suspects as suspects
from automic_core.workbench.suspecting import trust_cells as trust_cells
from automic_core.workbench.taking import (
    Contract as Contract,
)
from automic_core.workbench.taking import (
    KeyEvidence as KeyEvidence,
)
from automic_core.workbench.taking import (
    Standing as Standing,
)
from automic_core.workbench.taking import (
    key_evidence as key_evidence,
)
from automic_core.workbench.taking import (
    standing as standing,
)
from automic_core.workbench.taking import (
    table_name as table_name,
)
from automic_core.workbench.taking import (
    table_name_problem as table_name_problem,
)
from automic_core.workbench.timelines import (
    ColumnEvent as ColumnEvent,
)
from automic_core.workbench.timelines import (
    State as State,
)
from automic_core.workbench.timelines import (
    rollback_to as rollback_to,
)
from automic_core.workbench.timelines import (
    schema_history as schema_history,
)
from automic_core.workbench.timelines import (
    timeline as timeline,
)
from automic_core.workbench.timelines import (
    told as told,
)
from automic_core.workbench.tracing import (
    CellTrace as CellTrace,
)
from automic_core.workbench.tracing import (
    Record as Record,
)
from automic_core.workbench.tracing import (
    Stage as Stage,
)
from automic_core.workbench.tracing import (
    trace_cell as trace_cell,
)
from automic_core.workbench.trials import Problem as Problem
from automic_core.workbench.uploads import (
    Upload as Upload,
)
from automic_core.workbench.uploads import (
    keep_upload as keep_upload,
)
from automic_core.workbench.uploads import (
    prune_uploads as prune_uploads,
)
from automic_core.workbench.uploads import (
    recent_uploads as recent_uploads,
)
from automic_core.workbench.uploads import (
    upload_folder as upload_folder,
)
from automic_core.workbench.uploads import (
    upload_limit as upload_limit,
)
from automic_core.workbench.values import Rows as Rows
from automic_core.workbench.values import plain as plain
from automic_core.workbench.watermarking import CursorChoice as CursorChoice
from automic_core.workbench.watermarking import WatermarkView as WatermarkView
from automic_core.workbench.watermarking import backfill_range as backfill_range
from automic_core.workbench.watermarking import cursor_choices as cursor_choices
from automic_core.workbench.watermarking import incremental_problem as incremental_problem
from automic_core.workbench.watermarking import put_watermark as put_watermark
from automic_core.workbench.watermarking import watermarks as watermarks
