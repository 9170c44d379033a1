class SimulatorError(Exception):
    """The simulator cannot do what was asked; the message is one line for a person."""
