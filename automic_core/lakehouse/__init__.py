"""Tables on Apache Iceberg: create, land, commit, branch, publish, read and query. No medallion policy lives here."""
