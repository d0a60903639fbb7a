/** The HTTP requests of Ably Chat; everything else uses the realtime connection. */
import { SummaryState } from '../../../core/channel/annotation-summary.ts'
import type { History } from '../../../core/history/history.ts'
import type { Annotation, ChannelRef, KeptMessage } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { countTraffic } from '../connection/traffic.ts'
import { annotate } from '../http/channel/annotate.ts'
import type { RestAnswer } from '../http/answer.ts'
import { changeMessage } from '../http/channel/edit.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import {
  type ChannelParts,
  type ChannelCaller,
  bodyLimit,
  headOf,
} from '../http/channel/channel-caller.ts'
import { listAnswer, readInTurn, readPage } from '../http/lists.ts'
import { publish } from '../http/channel/publish.ts'
import type { RestCall, RestRoute } from '../http/router.ts'
import { chatMessageValue, readDelete, readNewMessage, readUpdate } from './chat-message.ts'
import { reactionsIn, reactionsOf, readReaction } from './chat-reactions.ts'
import { readObject, identifyInRoom } from './room-call.ts'

const ROOM = '/chat/:version/rooms/:room'
const MESSAGES = `${ROOM}/messages`
const MESSAGE = `${MESSAGES}/:serial`
/** Annotations that are read from history at once. */
const PAGE = 1000

type Handle = (parts: ChannelParts, call: RestCall) => Answering

export function chatRoutes(parts: ChannelParts): RestRoute[] {
  const maxBodyBytes = bodyLimit(parts)
  const route = (method: RestRoute['method'], path: string, handle: Handle): RestRoute => ({
    method,
    path,
    maxBodyBytes,
    handle: (call) => handle(parts, call),
  })
  return [
    route('POST', MESSAGES, send),
    route('GET', MESSAGES, list),
    route('GET', MESSAGE, get),
    route('PUT', MESSAGE, update),
    route('POST', `${MESSAGE}/delete`, remove),
    route('GET', `${MESSAGE}/versions`, versions),
    route('POST', `${MESSAGE}/reactions`, react),
    route('DELETE', `${MESSAGE}/reactions`, takeBack),
    route('GET', `${MESSAGE}/client-reactions`, clientReactions),
    route('GET', `${ROOM}/occupancy`, occupancy),
  ]
}

const send: Handle = (parts, call) =>
  bodyThenIdentify(
    () => identifyInRoom(parts, call, 'publish'),
    () => readObject(call),
    async (author, body) => {
      const key = call.query.get('idempotencyKey') ?? undefined
      const messages = readNewMessage(body, parts.limits, key)
      if (!messages.ok) return messages
      const published = await publish(parts, author, { ...messages.value, identified: true })
      if (!published.ok) return published
      return answer(parts, author, published.value.serials[0]!, 201)
    },
  )

const list: Handle = async (parts, call) => {
  const caller = await identifyInRoom(parts, call, 'history')
  if (!caller.ok) return caller
  const page = readPage(call.query)
  if (!page.ok) return page
  const { channel } = caller.value
  const history = parts.histories.of(channel)
  const slice = await readInTurn(parts.turns, () => history.messages(channel, page.value))
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const fixed = headOf(parts.registry.channel(channel))
  return ok(listAnswer('messages', call, { ...slice, fixed }, chatMessageValue))
}

const get: Handle = async (parts, call) => {
  const caller = await identifyInRoom(parts, call, 'history')
  if (!caller.ok) return caller
  return answer(parts, caller.value, serialIn(call), 200)
}

const versions: Handle = async (parts, call) => {
  const caller = await identifyInRoom(parts, call, 'history')
  if (!caller.ok) return caller
  const page = readPage(call.query, 'forwards')
  if (!page.ok) return page
  const { channel } = caller.value
  const history = parts.histories.of(channel)
  if (!history.message(channel, serialIn(call))) return fail('message_unknown')
  const read = () => history.versions(channel, serialIn(call), page.value)
  const slice = await readInTurn(parts.turns, read)
  countTraffic(parts.counters.of(channel.realm).outbound.rest.messages, slice.items)
  const fixed = headOf(parts.registry.channel(channel))
  return ok(listAnswer('versions', call, { ...slice, fixed }, chatMessageValue))
}

const update: Handle = (parts, call) => change(parts, call, readUpdate)

const remove: Handle = (parts, call) => change(parts, call, readDelete)

function change(parts: ChannelParts, call: RestCall, read: typeof readUpdate): Answering {
  return bodyThenIdentify(
    () => identifyInRoom(parts, call),
    () => readObject(call),
    async (author, body) => {
      const edit = read(body, serialIn(call))
      if (!edit.ok) return edit
      const changed = await changeMessage(parts, author, edit.value)
      return changed.ok ? answer(parts, author, serialIn(call), 200) : changed
    },
  )
}

const react: Handle = (parts, call) => annotated(parts, call, 'add', () => readObject(call))

const takeBack: Handle = (parts, call) =>
  annotated(parts, call, 'remove', () => Promise.resolve(ok(Object.fromEntries(call.query))))

/** @param read what the reaction is */
function annotated(
  parts: ChannelParts,
  call: RestCall,
  what: 'add' | 'remove',
  read: () => ReturnType<typeof readObject>,
): Answering {
  return bodyThenIdentify(
    () => identifyInRoom(parts, call, 'annotation-publish'),
    read,
    async (author, reaction) => {
      const drafts = readReaction(what, reaction, serialIn(call), parts.limits)
      if (!drafts.ok) return drafts
      const done = await annotate(parts, author, drafts.value)
      if (!done.ok) return done
      return ok({ status: what === 'add' ? 201 : 200, value: { serial: done.value.serials[0] } })
    },
  )
}

const clientReactions: Handle = async (parts, call) => {
  const caller = await identifyInRoom(parts, call, 'subscribe')
  if (!caller.ok) return caller
  const { channel, principal } = caller.value
  const clientId = call.query.get('forClientId') ?? principal.clientId
  if (clientId === undefined) return fail('identity_required', 'say of which client')
  const history = parts.histories.of(channel)
  if (!history.message(channel, serialIn(call))) return fail('message_unknown')
  // The stored summary may leave client ids out if there are very many, so it is computed from all annotations.
  const state = SummaryState.from(allAnnotations(history, channel, serialIn(call)))
  const reactions = reactionsIn(state.toJson(Infinity)) ?? {}
  return ok({ status: 200, value: reactionsOf(clientId, reactions) })
}

function* allAnnotations(
  history: History,
  channel: ChannelRef,
  serial: string,
): Generator<Annotation> {
  let after: string | undefined
  do {
    const page = { direction: 'forwards', limit: PAGE, after } as const
    const { items, next } = history.annotations(channel, serial, page)
    yield* items
    after = next
  } while (after !== undefined)
}

/** Occupancy of a room; zero if its channel does not exist. */
const occupancy: Handle = async (parts, call) => {
  const caller = await identifyInRoom(parts, call, 'channel-metadata')
  if (!caller.ok) return caller
  const { name, realm } = caller.value.channel
  const [found] = await parts.appChannels.occupancy({ realm, names: [name] })
  const { connections = 0, presenceMembers = 0 } = found ?? {}
  return ok({ status: 200, value: { connections, presenceMembers } })
}

function serialIn({ params }: RestCall): string {
  return params['serial']!
}

/** Answers with the current state of a message. */
function answer(
  parts: ChannelParts,
  { channel }: ChannelCaller,
  serial: string,
  status: number,
): Result<RestAnswer> {
  const message: KeptMessage | undefined = parts.histories.of(channel).message(channel, serial)
  return message ? ok({ status, value: chatMessageValue(message) }) : fail('message_unknown')
}
