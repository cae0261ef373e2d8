// A receiver for the tests: takes every webhook on loopback and counts them. Prints its address, then serves until it is stopped.
//   /refuse answers 400, which no one retries; everything else is taken.

import { createServer } from 'node:http';

let taken = 0;
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    if (request.url === '/taken') return response.end(String(taken));
    if (request.url === '/refuse') return response.writeHead(400).end('this receiver refuses everything');
    taken += 1;
    return response.end('taken');
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
