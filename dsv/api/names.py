"""Names of files and folders that dsv writes, relative to the folder of a `dvc.yaml`."""

MIGRATIONS = "migrations"
CHAIN_LOCK = "chain.lock"
PARAMETERS = "params.yaml"
PIPELINE = "dvc.yaml"
PIPELINE_LOCK = "dvc.lock"
VERSIONS = ".versions"
IGNORE = ".gitignore"
