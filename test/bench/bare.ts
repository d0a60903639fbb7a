/**
 * The measure of things: a `Bun.serve` with nothing on it that publishes the bytes that our server would.
 * No checks, no policy, no member list, no limits. Run as `bun test/bench/bare.ts PORT`.
 */
import type { Server } from 'bun'
import { type AblyPeer, ablyPeer, answer, deliver, greet } from './ably/bare.ts'
import { historyPage, messageEnvelope, publishAnswer, pushEnvelope } from './payload.ts'

interface Data {
  readonly topic: string
  /** Of a client of the realtime protocol. */
  readonly ably: AblyPeer | undefined
}

const OWN_JOIN = '{"type":"join","self":true,"uid":"Xy12Zz","total":1000,"date":1710000000000}'
const OTHER_JOIN = '{"type":"join","total":1000,"date":1710000000000}'
const LEAVE = '{"type":"leave","total":1000,"date":1710000000000}'
const JSON_HEADERS = { headers: { 'content-type': 'application/json' } }
const APP_HEADERS = { server: 'latchkey', 'content-type': 'application/json' }
const PUBLISHED = { status: 201, headers: APP_HEADERS }
const PUBLISH_ANSWER = publishAnswer('bench')
const PAGES = Array.from({ length: 100 }, () => historyPage(100))
let page = 0

// Built at the first message of a length: all messages of a run are the same.
let envelope = ''
let envelopeOf = -1

const server: Server<Data> = Bun.serve<Data>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, self) {
    const path = request.url.slice(request.url.indexOf('/', 8))
    if (path.startsWith('/c/')) {
      const end = path.indexOf('?')
      const topic = path.slice(3, end < 0 ? undefined : end)
      return self.upgrade(request, { data: { topic, ably: undefined } })
        ? undefined
        : new Response('', { status: 426 })
    }
    if (path.startsWith('/?bench='))
      return self.upgrade(request, { data: { topic: '', ably: ablyPeer(path.slice(2)) } })
        ? undefined
        : new Response('', { status: 426 })
    if (path.startsWith('/push/')) return push(request, path.slice(6), self)
    if (path.startsWith('/channels/'))
      return request.method === 'POST' ? publish(request, path, self) : nextPage()
    return new Response('ready')
  },
  websocket: {
    idleTimeout: 960,
    perMessageDeflate: false,
    maxPayloadLength: 102_400,
    backpressureLimit: 1_048_576,
    closeOnBackpressureLimit: true,
    open(socket) {
      const { topic, ably } = socket.data
      if (ably) return greet(socket, ably)
      socket.subscribe(topic)
      socket.send(OWN_JOIN)
      socket.publish(topic, OTHER_JOIN)
    },
    message(socket, text) {
      if (socket.data.ably) return answer(server, socket, socket.data.ably)
      if (text.length !== envelopeOf) {
        envelopeOf = text.length
        envelope = messageEnvelope(String(text))
      }
      socket.publish(socket.data.topic, envelope)
    },
    close(socket) {
      if (socket.data.ably) return
      server.publish(socket.data.topic, LEAVE)
    },
  },
})

async function push(request: Request, topic: string, self: Server<Data>): Promise<Response> {
  const message: unknown = await request.json()
  self.publish(topic, pushEnvelope(JSON.stringify(message)))
  return new Response('{"receivers":1}', JSON_HEADERS)
}

async function publish(request: Request, path: string, self: Server<Data>): Promise<Response> {
  await request.json()
  deliver(self, path.slice('/channels/'.length, path.lastIndexOf('/')))
  return new Response(PUBLISH_ANSWER, PUBLISHED)
}

function nextPage(): Response {
  page = (page + 1) % PAGES.length
  return new Response(JSON.stringify(PAGES[page]), { headers: APP_HEADERS })
}
