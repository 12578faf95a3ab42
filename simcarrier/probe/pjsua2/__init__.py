"""pjproject's stack as an engine of the probe: a second, independent implementation of SIP and of media.

`stack` has its rules of threads and of who deletes what, and is the only file that holds its objects; `binding` imports
it, `settings` says what it is told, `callbacks` are its objects as it calls them. Everything else knows it by numbers
and by the values in `events`: `leg` is one call as the probe sees it, `engine` puts them together, `wire_log` finds the
messages in pjproject's log, `certificates` says what is trusted and what was wrong with TLS.
"""
