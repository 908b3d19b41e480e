"""COCO: one JSON document of images, annotations and categories."""
