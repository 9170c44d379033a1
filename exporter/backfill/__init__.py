"""Days that have passed: what is asked of them, what that costs, and the file that Prometheus takes them from."""
