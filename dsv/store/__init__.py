"""The one door to Git and DVC."""
