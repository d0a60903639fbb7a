/** Every act by every way in, as a client of that way would do it. Each says `ok`, or the code of its refusal. */
import { ACTION, FrameClient, type ProtocolMessage } from '../support/ably.ts'
import { Client } from '../support/client.ts'
import { statusOf } from '../support/itty.ts'
import type { DashboardUser } from '../dashboard/dashboard-user.ts'
import type { World } from './world.ts'

/** An act and its caller. */
export interface Wish {
  /** A whole key or a token. */
  readonly as: string
  readonly channel: string
  /** The client id, if the act can name one. */
  readonly clientId?: string
  /** Other members of the message, change or annotation. */
  readonly content?: Readonly<Record<string, unknown>>
  readonly sendKey?: string
  readonly joinKey?: string
  /** The serial of a message that is there. */
  readonly serial: string
}

export type Attempt = (world: World, wish: Wish, visitor: DashboardUser) => Promise<string>

const OK = 'ok'

function authorization(as: string): string {
  return as.includes(':') ? `Basic ${btoa(as)}` : `Bearer ${as}`
}

async function ask(
  { server }: World,
  { as }: Wish,
  path: string,
  { method, body, clientId }: { method?: string; body?: unknown; clientId?: string } = {},
): Promise<{ code: string; value: unknown }> {
  const response = await fetch(server.url + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      authorization: authorization(as),
      'x-ably-version': '6',
      'content-type': 'application/json',
      ...(clientId !== undefined && { 'x-ably-clientid': btoa(clientId) }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const value = (await response.json().catch(() => undefined)) as { error?: { code: number } }
  return { code: response.ok ? OK : String(value?.error?.code), value }
}

/** Of a part of a batch. */
function partCode(code: string, value: unknown): string {
  if (code !== OK) return code
  const [batch] = [value].flat() as { results: { error?: { code: number } }[] }[]
  const error = batch!.results[0]!.error
  return error ? String(error.code) : OK
}

const at = ({ channel }: Wish) => `/channels/${encodeURIComponent(channel)}`
const room = ({ channel }: Wish) => `/chat/v4/rooms/${encodeURIComponent(channel)}`
const message = ({ clientId, content }: Wish) => ({ data: 'x', clientId, ...content })
/** Ably Chat needs a client id. */
const speaker = ({ as, clientId = 'ann' }: Wish) => (as.includes(':') ? clientId : undefined)

function credentials({ as }: Wish): string {
  return `${as.includes(':') ? 'key' : 'access_token'}=${encodeURIComponent(as)}&v=6`
}

/** Connects, attaches if asked to, and does one act. */
async function overConnection(
  { server }: World,
  wish: Wish,
  act: (client: FrameClient) => Promise<ProtocolMessage>,
): Promise<string> {
  const client = new FrameClient(server, credentials(wish))
  try {
    const first = await client.until(
      () => client.all(ACTION.CONNECTED)[0] ?? client.all(ACTION.ERROR)[0],
    )
    const last = first.action === ACTION.ERROR ? first : await act(client)
    const { error } = last as { error?: { code: number } }
    return error ? String(error.code) : OK
  } finally {
    client.terminate()
  }
}

function answerOf(client: FrameClient): Promise<ProtocolMessage> {
  return client.until(
    () => client.all(ACTION.NACK)[0] ?? client.all(ACTION.ACK)[0] ?? client.all(ACTION.ERROR)[0],
  )
}

async function attach(client: FrameClient, channel: string): Promise<ProtocolMessage> {
  client.send({ action: ACTION.ATTACH, channel })
  return client.until(() => client.all(ACTION.ATTACHED)[0] ?? client.all(ACTION.ERROR)[0])
}

const sending =
  (frameOf: (wish: Wish) => object): Attempt =>
  (world, wish) =>
    overConnection(world, wish, (client) => {
      client.send({ channel: wish.channel, msgSerial: 0, ...frameOf(wish) })
      return answerOf(client)
    })

const messageFrame = (wish: Wish) => ({ action: ACTION.MESSAGE, messages: [message(wish)] })

const annotation = ({ clientId, content, serial }: Wish) => ({
  action: 0,
  messageSerial: serial,
  type: 'reaction:distinct.v1',
  name: 'like',
  clientId,
  ...content,
})

/** The realtime protocol in requests, without a WebSocket. */
const overComet: Attempt = async ({ server }, wish) => {
  const get = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${server.url}/comet/${path}`, init)
    return (await answer.json()) as ProtocolMessage[]
  }
  const [first] = await get(`connect?stream=false&${credentials(wish)}`)
  if (first!.action === ACTION.ERROR) return codeOf(first!)
  const { connectionKey } = first!['connectionDetails'] as { connectionKey: string }
  const frame = { channel: wish.channel, msgSerial: 0, ...messageFrame(wish) }
  const body = JSON.stringify([frame])
  const sent = await get(`${connectionKey}/send`, { method: 'POST', body })
  const told = [...sent, ...(sent.some(isAnswer) ? [] : await get(`${connectionKey}/recv`))]
  void get(`${connectionKey}/close`).catch(() => undefined)
  return codeOf(told.find(isAnswer)!)
}

function isAnswer({ action }: ProtocolMessage): boolean {
  return action === ACTION.ACK || action === ACTION.NACK || action === ACTION.ERROR
}

function codeOf({ error }: ProtocolMessage): string {
  return error ? String((error as { code: number }).code) : OK
}

function ittyUrl({ server }: World, { channel, joinKey, sendKey }: Wish): string {
  const given = { echo: 'true', ...(joinKey && { joinKey }), ...(sendKey && { sendKey }) }
  return `${server.sockets}${channel}?${new URLSearchParams(given)}`
}

const joinItty: Attempt = async (world, wish) => {
  const status = await statusOf(ittyUrl(world, wish))
  return status === 101 ? OK : String(status)
}

const sayItty: Attempt = async (world, wish) => {
  const joined = await joinItty(world, wish, undefined as never)
  if (joined !== OK) return joined
  const client = await Client.join(ittyUrl(world, wish))
  client.sendJson(wish.content?.['data'] ?? 'x')
  const answer = await client.next((frame) => 'message' in frame || frame['type'] === 'error')
  client.close()
  return answer['type'] === 'error' ? String(answer['code']) : OK
}

const push: Attempt = async ({ server }, { channel, content, sendKey }) => {
  const response = await fetch(`${server.url}/push/${channel}`, {
    method: 'POST',
    headers: { ...(sendKey !== undefined && { 'x-send-key': sendKey }) },
    body: JSON.stringify(content?.['data'] ?? 'x'),
  })
  const { error } = (await response.json()) as { error?: { code: string } }
  return error ? error.code : OK
}

const fromDashboard: Attempt = async ({ appId, offId }, { channel, content }, visitor) => {
  const app = channel.startsWith('off') ? offId : appId
  const data = String(content?.['data'] ?? 'x')
  const { status, text } = await visitor.post('/live/publish', { app, channel, data })
  if (status < 400) return OK
  return (
    /The app is disabled|more than the limit|too many messages/i.exec(text)?.[0].toLowerCase() ??
    text
  )
}

/** By act and way in, as the table of the page names them. */
export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  'publish realtime': sending(messageFrame),
  'publish comet': overComet,
  'publish rest': async (world, wish) =>
    (await ask(world, wish, `${at(wish)}/messages`, { body: message(wish) })).code,
  'publish batch': async (world, wish) => {
    const body = { channels: [wish.channel], messages: [message(wish)] }
    const { code, value } = await ask(world, wish, '/messages', { body })
    return partCode(code, value)
  },
  'publish chat': async (world, wish) => {
    const body = { text: wish.content?.['data'] ?? 'x' }
    return (await ask(world, wish, `${room(wish)}/messages`, { body, clientId: speaker(wish)! }))
      .code
  },
  'publish itty': sayItty,
  'publish push': push,
  'publish dashboard': fromDashboard,
  'edit realtime': sending((wish) => ({
    action: ACTION.MESSAGE,
    messages: [
      {
        action: 1,
        serial: wish.serial,
        data: 'y',
        version: { clientId: wish.clientId },
        ...wish.content,
      },
    ],
  })),
  'edit rest': async (world, wish) => {
    const { clientId, content, serial } = wish
    const body = { action: 1, data: 'y', version: { clientId }, ...content }
    return (await ask(world, wish, `${at(wish)}/messages/${serial}`, { method: 'PATCH', body }))
      .code
  },
  'edit chat': async (world, wish) => {
    const body = { message: { text: wish.content?.['data'] ?? 'y' } }
    const path = `${room(wish)}/messages/${wish.serial}`
    return (await ask(world, wish, path, { method: 'PUT', body, clientId: speaker(wish)! })).code
  },
  'annotate realtime': sending((wish) => ({
    action: ACTION.ANNOTATION,
    annotations: [annotation(wish)],
  })),
  'annotate rest': async (world, wish) => {
    const path = `${at(wish)}/messages/${wish.serial}/annotations`
    return (await ask(world, wish, path, { body: [annotation(wish)] })).code
  },
  'annotate chat': async (world, wish) => {
    const path = `${room(wish)}/messages/${wish.serial}/reactions`
    const body = { type: 'distinct', name: 'like' }
    return (await ask(world, wish, path, { body, clientId: speaker(wish)! })).code
  },
  'be present realtime': (world, wish) =>
    overConnection(world, wish, async (client) => {
      const attached = await attach(client, wish.channel)
      if (attached.action === ACTION.ERROR) return attached
      const { channel, clientId = 'ann', content } = wish
      const presence = [{ action: 2, clientId, ...content }]
      client.send({ action: ACTION.PRESENCE, channel, msgSerial: 0, presence })
      return answerOf(client)
    }),
  'attach realtime': (world, wish) =>
    overConnection(world, wish, (client) => attach(client, wish.channel)),
  'attach stream': async ({ server }, wish) => {
    const named = wish.as.includes(':') ? `&clientId=${wish.clientId ?? 'ann'}` : ''
    const path = `/sse?channels=${wish.channel}&${credentials(wish)}${named}`
    const response = await fetch(server.url + path)
    if (response.ok) {
      await response.body?.cancel()
      return OK
    }
    return String(((await response.json()) as { error: { code: number } }).error.code)
  },
  'join itty': joinItty,
  'read history rest': async (world, wish) => (await ask(world, wish, `${at(wish)}/messages`)).code,
  'read history chat': async (world, wish) =>
    (await ask(world, wish, `${room(wish)}/messages`)).code,
  'read presence rest': async (world, wish) =>
    (await ask(world, wish, `${at(wish)}/presence`)).code,
  'read presence batch': async (world, wish) => {
    const path = `/presence?channels=${encodeURIComponent(wish.channel)}`
    const { code, value } = await ask(world, wish, path)
    return partCode(code, value)
  },
  'read occupancy rest': async (world, wish) => (await ask(world, wish, at(wish))).code,
  'read occupancy chat': async (world, wish) =>
    (await ask(world, wish, `${room(wish)}/occupancy`)).code,
  'list channels rest': async (world, wish) => (await ask(world, wish, '/channels')).code,
  'read statistics rest': async (world, wish) => (await ask(world, wish, '/stats')).code,
  'administer push rest': async (world, wish) =>
    (await ask(world, wish, '/push/deviceRegistrations')).code,
}
