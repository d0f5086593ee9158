"""Generated Protocol Buffers code: `tpb generate` writes the modules below from `proto/`."""
