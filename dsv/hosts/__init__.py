"""GitHub and GitLab, by their REST APIs: texts go in, what was posted comes out."""
