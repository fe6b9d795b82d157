// A worker that ticks. Browsers slow down the timers of a page that is hidden, to one
// a minute, but not those of a worker.

setInterval(() => postMessage(null), 250);
