// Reads a URL by an EventSource that is never closed from here, and prints what
// it sees, one JSON object a line, until it stops connecting by itself.

const { EventSource } = require("eventsource");

const source = new EventSource(process.argv[2]);
let opened = 0;
source.onopen = () => opened++;

const show = (event) =>
  console.log(JSON.stringify({ type: event.type, data: JSON.parse(event.data), id: event.lastEventId }));
source.onmessage = show;
source.addEventListener("end", show);
source.addEventListener("error", (event) => {
  if (event.data !== undefined) {
    show(event);
  } else if (source.readyState === EventSource.CLOSED) {
    console.log(JSON.stringify({ type: "stopped", code: event.code, opened }));
  }
});
