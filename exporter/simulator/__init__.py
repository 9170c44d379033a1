"""The vendor's API, simulated: for the demo, the tests and a user's dry run."""
