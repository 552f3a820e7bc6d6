"""The customs desk: declarations judged, kept, queried; and what a port may do offline."""
