// node server.mjs apollo|yoga|mercurius <port>: the shop served by one of them; BACKEND is the backend's base URL.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import DataLoader from 'dataloader';
import { Pool } from 'undici';

const [, , peer, portText] = process.argv;
const port = Number(portText);
const host = '127.0.0.1';
const typeDefs = readFileSync(new URL('../shop.graphql', import.meta.url), 'utf8');
const backend = new Pool(process.env.BACKEND, { connections: 64 });

async function read(path) {
  const { body } = await backend.request({ method: 'GET', path });
  return body.json();
}

function byId(collection) {
  return new DataLoader(async (keys) => {
    const found = new Map();
    for (const member of await read(`/${collection}?id.in=${keys.join(',')}`)) found.set(member.id, member);
    return keys.map((key) => found.get(key) ?? null);
  });
}

const context = () => ({ customers: byId('customers'), offerings: byId('offerings') });

const resolvers = {
  Query: {
    hello: () => 'world',
    orders: (_root, { first }) => read(`/orders?limit=${first}`),
    order: (_root, { id }) => read(`/orders/${id}`),
  },
  Order: { customer: (order, _args, { customers }) => customers.load(order.customerId) },
  OrderItem: { offering: (item, _args, { offerings }) => offerings.load(item.offeringId) },
};

const start = {
  async apollo() {
    const { ApolloServer } = await import('@apollo/server');
    const { startStandaloneServer } = await import('@apollo/server/standalone');
    const server = new ApolloServer({ typeDefs, resolvers });
    await startStandaloneServer(server, { listen: { host, port }, context: async () => context() });
  },
  async yoga() {
    const { createSchema, createYoga } = await import('graphql-yoga');
    const schema = createSchema({ typeDefs, resolvers });
    createServer(createYoga({ schema, context, logging: false })).listen(port, host);
  },
  async mercurius() {
    const { default: fastify } = await import('fastify');
    const { default: mercurius } = await import('mercurius');
    const app = fastify();
    await app.register(mercurius, { schema: typeDefs, resolvers, context, jit: 1 });
    await app.listen({ host, port });
  },
};
await start[peer]();
