// The shared worker is the library's own.
importScripts('/connect-streams.js')
connect.worker.main()
