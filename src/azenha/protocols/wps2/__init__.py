"""WPS 2.0.2 (OGC 14-065r2): the same file names as in every dialect. What both editions of WPS share is in `wps`."""
