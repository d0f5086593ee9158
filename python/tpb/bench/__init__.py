"""What the library costs: encoding, calls, throughput; measured on the same ticks in one run."""
