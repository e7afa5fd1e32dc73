// An echo server with Node that stops: on SIGTERM it refuses new clients and serves those it has.
"use strict";
const net = require("net");

const server = net.createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy());
    client.pipe(client);
});

process.once("SIGTERM", () => {
    process.once("SIGTERM", () => process.exit());
    server.close();
});
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
