"""Annotated pictures: YOLO, Pascal VOC, CVAT, Label Studio, folders of pictures."""
