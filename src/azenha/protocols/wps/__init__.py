"""WPS: what both editions share. What only one of them has is in wps1 and wps2."""
