"""The benchmark: generate, post, close, each beside the floor measured in the same run. Imported by nobody."""
