"""How the demo is told."""

from __future__ import annotations

from automic_core.cli import output
from automic_core.demo.measure import NOT_TO_FIND
from automic_core.demo.run import DemoRun


def tell(done: DemoRun) -> None:
    """Print the run, its proof, its score and its answer."""
    output.say("BRONZE  every record as it arrived")
    for ingestion in done.ingestions:
        for report in ingestion.reports:
            output.say(f"  {ingestion.table:<18} {report.rows_out:>9,} rows from {report.source}")
        if ingestion.unchanged:
            output.say(f"  {ingestion.table:<18} {len(ingestion.unchanged)} files are there already, nothing added")
    if not done.added:
        output.say("  Nothing new: running the demo again adds no row.")
    output.say("\nSILVER  typed, cleaned, validated; where every row went")
    for promoted in done.promotions:
        output.say(f"\n{promoted.report}")
    output.say("\nGOLD  tables for questions")
    for built in done.builds:
        output.say(f"  {built.table:<34} {built.report.rows_out:>9,} rows")
    verdict = "Every ledger adds up: no row was lost." if done.balanced else "A LEDGER DOES NOT ADD UP."
    output.say(f"\n{verdict}")
    output.say("\nSCORE  against the truth beside the files; the rules were written for this kind of fault")
    rows = [
        {
            "what": each.what,
            "in truth": each.expected,
            "found": each.hits,
            "recall": f"{each.recall:.3f}",
            "reported": each.reported,
            "right": each.right,
            "precision": f"{each.precision:.3f}",
        }
        for each in done.scores
    ]
    output.table(rows)
    for each in done.scores:
        kinds = ", ".join(f"{kind} {hits:,}/{there:,}" for kind, (hits, there) in each.kinds.items())
        output.paragraph(f"{each.what} by kind: {kinds}")
    output.paragraph(
        f"Recall of cells leaves out rows merged into others, and what no check of one row can tell: "
        f"{', '.join(NOT_TO_FIND)}."
    )
    output.say(f"\nQUESTION  {done.question}")
    output.table(done.answer.rows, list(done.answer.columns))
    total = sum(done.seconds.values())
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in done.seconds.items())
    output.say(f"\n{total:.1f} s ({parts}). Next:")
    lake = done.lake.name
    output.say(f"  automic quarantine customers --lake {lake}      rows set aside, with every reason")
    output.say(f"  automic trace gold.revenue_by_country_month 0 --lake {lake}")
    output.say(f"  automic promote customers --rules {lake}/rules/customers.yaml --dry-run --lake {lake}")
    output.say(f"  automic serve --lake {lake}")
