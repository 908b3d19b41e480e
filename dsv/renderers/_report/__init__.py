"""The HTML report: what the template shows, rows packed for its script, and the script itself."""
