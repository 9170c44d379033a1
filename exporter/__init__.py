"""Prometheus exporter for the results of Wolkvox dialler campaigns.

Every exception of the program, below the one that it derives from, with the rooms that raise it and what it leads to.
A message is one line for the operator, without a secret, unless the line says otherwise.

* Exception
  + ConfigError (commands, config, web): a file cannot be used. Several lines; ends a start, fails a reload.
  + ParseError (yaml): a text cannot be read as YAML. Becomes a line of a ConfigError.
  + ServerTLSError (web): certificates, keys and versions of the web configuration. Become lines of a ConfigError.
  + UnverifiedError (web): a certificate, key or curve of a server that does not verify clients. One of ServerTLSError.
  + StorageError (storage): storage cannot be read or written. Ends a start; later, polling waits until it can.
    - StorageLostError (storage): the open file is no longer the one at its path.
  + NoAnswerError (storage): the database did not answer a call in time. Becomes a StorageError.
  + ForeignFileError (storage): the file is not a database that this program may open. Becomes a StorageError.
  + ListenError (listen_address): nothing can listen at an address. Ends a start.
  + RouteError (web): a path cannot be served. Ends a start.
  + BackfillError (backfill, commands): the flags of `backfill` ask for what cannot be. Ends the command.
  + TokenInUseError (backfill): a running exporter polls with the token. Ends the command.
  + InterruptedByUserError (backfill, commands): a signal came. No message; ends the command.
  + OutputError (output): the file of `once` or `backfill` cannot be written. Ends the command.
  + SimulatorError (commands, simulator): the simulator cannot do what its flags ask. Ends the command.
  + RequestRefusedError: a request must not be sent now. No fault and no message; the worker waits. Base of three:
    - NotOwnerError (storage): another process owns the token's lease.
    - BudgetExhaustedError (storage): the day's budget is used up.
    - TooEarlyError (storage): the target was polled less than its interval ago.
  + BrokenError (wolkvox): a connection failed. This one and the next nine become the `Failure` of a poll.
  + LateError (wolkvox): the request's time was over before its connection was up.
  + FramingError (wolkvox): the answer is not HTTP.
  + UndecodableError (wolkvox): the answer's body is not encoded as its header says.
  + UnfinishedError (wolkvox): the answer's encoded body stops before its end.
  + TooLargeError (wolkvox): the decoded body exceeds the limit.
  + CAFileError (wolkvox): a `ca_file` cannot be used.
  + JsonError (wolkvox): the answer's body is not JSON that a program should decode.
    - _LongError (wolkvox): one of its values is too long. Within one file.
  + InvalidError (wolkvox): the answer of an API of a whole operation has another shape than it should.
  + _InvalidError (wolkvox): the answer is not a report. Within one file.
  + _RefusedError (simulator): the simulated API answers with an error. Within one file.
  + _StoppedError (commands): a signal came while the history was being written. Within one file.
  + _AskedForACertificateError (healthcheck): the server wants a client certificate, so it lives. Within one file.
* ValueError
  + _MalformedError (web): a header of content negotiation has no meaning, and is ignored. Within one file.
"""

__version__ = "0.1.0"
