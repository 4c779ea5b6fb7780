// The same feed as graphql-ws serves it: every subscriber has its own iterator, filter and execution of each event.
import { createServer } from 'node:http';
import { GraphQLSchema, GraphQLObjectType, GraphQLString, GraphQLInt, GraphQLNonNull, GraphQLInterfaceType, GraphQLList } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

const text = { type: new GraphQLNonNull(GraphQLString) };
const Actor = new GraphQLObjectType({ name: 'Actor', fields: { subject: text, channel: text } });
const Move = new GraphQLObjectType({ name: 'ItemStateChange', fields: { itemId: text, before: text, after: text } });
const common = {
  cursor: text, sequence: { type: new GraphQLNonNull(GraphQLInt) }, orderKey: text,
  version: { type: new GraphQLNonNull(GraphQLInt) }, state: text, occurredAt: text, summary: text,
  actor: { type: new GraphQLNonNull(Actor) },
};
const Event = new GraphQLInterfaceType({ name: 'ProductOrderEvent', fields: common, resolveType: (e) => e.type });
const StateChange = new GraphQLObjectType({
  name: 'ProductOrderStateChangeEvent', interfaces: [Event],
  fields: { ...common, before: { type: GraphQLString }, itemChanges: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(Move))) } },
});

class Subscribers {
  #all = new Set();
  publish(event) { for (const push of this.#all) push(event); }
  iterate(wants) {
    const queue = []; let wake = null; let done = false;
    const push = (event) => { if (wants(event)) { if (wake) { const w = wake; wake = null; w({ value: event, done: false }); } else queue.push(event); } };
    this.#all.add(push);
    const all = this.#all;
    return {
      next: () => done ? Promise.resolve({ value: undefined, done: true })
        : queue.length ? Promise.resolve({ value: queue.shift(), done: false }) : new Promise((resolve) => { wake = resolve; }),
      return: () => { done = true; all.delete(push); if (wake) wake({ value: undefined, done: true }); return Promise.resolve({ value: undefined, done: true }); },
      [Symbol.asyncIterator]() { return this; },
    };
  }
}
const subscribers = new Subscribers();

const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { ok: { type: GraphQLString, resolve: () => 'ok' } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { productOrderEvents: {
      type: new GraphQLNonNull(Event), resolve: (event) => event,
      subscribe: (_, __, context) => subscribers.iterate((event) => context.extra.seller === null || event.seller === context.extra.seller),
    } },
  }),
  types: [StateChange],
});

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => { if (request.method === 'POST') subscribers.publish(JSON.parse(body)); response.end('{}'); });
});
const sockets = new WebSocketServer({ server, path: '/graphql' });
useServer({ schema, context: (connection) => connection, onConnect: (connection) => { connection.extra.seller = null; return true; } }, sockets);
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
