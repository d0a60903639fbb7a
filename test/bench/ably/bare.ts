/**
 * The bare server's side of the realtime benchmarks: it answers the first two frames that a client waits for, then
 * publishes and acknowledges the same bytes whatever comes, without looking at it.
 */
import type { Server, ServerWebSocket } from 'bun'
import type { Frame } from '../../../src/core/types.ts'
import type { Format } from '../../../src/protocol/ably/wire/format.ts'
import {
  attached,
  connected,
  deliveredChange,
  deliveredMessage,
  deliveredPost,
  messageAck,
  presenceAck,
} from './frames.ts'

/** Channels on which the bare server publishes presence have names that begin so. */
export const PRESENCE_CHANNEL = 'presence'

interface Answers {
  readonly topic: string
  readonly attached: Frame
  readonly delivered: Frame
  /** What arrives of a message that came over REST. */
  readonly posted: Frame
  readonly ack: Frame
}

export interface AblyPeer {
  readonly format: Format
  readonly own: Answers
  /** Of all formats that somebody on the channel has. */
  readonly all: Map<Format, Answers>
  /** Whether it does not hear what it publishes. */
  readonly isSilent: boolean
  isAttached: boolean
}

const CONNECTED = { json: connected('json'), msgpack: connected('msgpack') }
const channels = new Map<string, Map<Format, Answers>>()

/** @param query of the upgrade, whose first parameters are `bench`, the channel, and `format` */
export function ablyPeer(query: string): AblyPeer {
  const end = query.indexOf('&')
  const channel = query.slice('bench='.length, end)
  const format = query.startsWith('&format=msgpack', end) ? 'msgpack' : 'json'
  let all = channels.get(channel)
  if (!all) channels.set(channel, (all = new Map()))
  let own = all.get(format)
  if (!own) all.set(format, (own = answersOn(channel, format)))
  return { format, own, all, isSilent: query.includes('&echo=false'), isAttached: false }
}

export function greet(socket: ServerWebSocket<unknown>, { format }: AblyPeer): void {
  socket.send(CONNECTED[format])
}

export function answer(
  server: Pick<Server<unknown>, 'publish'>,
  socket: ServerWebSocket<unknown>,
  peer: AblyPeer,
): void {
  if (peer.isAttached) {
    for (const { topic, delivered } of peer.all.values()) server.publish(topic, delivered)
    socket.send(peer.own.ack)
    return
  }
  peer.isAttached = true
  if (!peer.isSilent) socket.subscribe(peer.own.topic)
  socket.send(peer.own.attached)
}

/** Publishes what comes over REST to those who are attached, if there ever was somebody. */
export function deliver(server: Pick<Server<unknown>, 'publish'>, channel: string): void {
  const all = channels.get(channel)
  if (all) for (const { topic, posted } of all.values()) server.publish(topic, posted)
}

function answersOn(channel: string, format: Format): Answers {
  const isPresence = channel.startsWith(PRESENCE_CHANNEL)
  return {
    topic: `${format}\n${channel}`,
    attached: attached(channel, format),
    delivered: (isPresence ? deliveredChange : deliveredMessage)(channel, format),
    posted: deliveredPost(channel, format),
    ack: (isPresence ? presenceAck : messageAck)(format),
  }
}
