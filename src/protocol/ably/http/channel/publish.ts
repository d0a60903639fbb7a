/** Publishes messages of a request on one channel, directly or on behalf of a connection. */
import type { PublishSource } from '../../../../core/access/acts.ts'
import type { PublishWish } from '../../../../core/access/gate-parts.ts'
import { notKept } from '../../../../core/history/history.ts'
import { type Failure, type Result, fail, ok } from '../../../../failure.ts'
import type { AppPrincipal } from '../../../../identity/principal.ts'
import type { ConnectionFinder, LiveConnection } from '../../connection/live-connections.ts'
import type { ReadMessages } from '../../wire/message-reader.ts'
import type { Receipt } from '../../../../core/channel/receipt.ts'
import type { Soon } from '../../../../core/soon.ts'
import type { RestCall } from '../router.ts'
import { type ChannelCaller, type ChannelParts, identifyAgain } from './channel-caller.ts'

/** The result of a publish (PBR2). */
export interface Published {
  readonly channel: string
  readonly messageId: string
  readonly serials: readonly string[]
}

type PublishedMessages = ReadMessages & Pick<PublishWish, 'identified'>

/**
 * Publishes all messages or none.
 * @param call the request; left out where no message can name a connection
 * @returns a promise where a channel promises more than memory, settled once they are kept so
 */
export function publish(
  parts: ChannelParts,
  caller: ChannelCaller,
  messages: PublishedMessages,
  call?: RestCall,
): Soon<Result<Published>> {
  const receipt = propose(parts, caller, messages, call)
  return receipt instanceof Promise
    ? answerLater(parts, caller, messages, receipt)
    : answerTo(parts, caller, messages, receipt)
}

async function answerLater(
  parts: ChannelParts,
  caller: ChannelCaller,
  messages: PublishedMessages,
  receipt: Promise<Result<Receipt>>,
): Promise<Result<Published>> {
  return answerTo(parts, caller, messages, await receipt)
}

function answerTo(
  parts: ChannelParts,
  { channel }: ChannelCaller,
  messages: PublishedMessages,
  receipt: Result<Receipt>,
): Soon<Result<Published>> {
  const { drafts } = messages
  const counts = parts.counters.of(channel.realm).inbound.rest.messages
  if (!receipt.ok) {
    counts.refused += drafts.length
    return receipt
  }
  counts.count += drafts.length
  counts.data += messages.bytes
  const { id, serials, kept } = receipt.value
  const published = ok({ channel: channel.name, messageId: id, serials })
  if (!kept) return published
  return lossOf(kept).then((loss) => (loss ? { ok: false, failure: loss } : published))
}

function propose(
  parts: ChannelParts,
  caller: ChannelCaller,
  messages: PublishedMessages,
  call: RestCall | undefined,
): Soon<Result<Receipt>> {
  const sender = senderOf(messages, caller.principal, parts.connections)
  return sender instanceof Promise
    ? proposeLater(parts, caller, messages, { call, sender })
    : proposeFor(parts, caller, messages, sender)
}

function proposeFor(
  { acts }: ChannelParts,
  caller: ChannelCaller,
  messages: PublishedMessages,
  sender: Result<LiveConnection | undefined>,
): Soon<Result<Receipt>> {
  if (!sender.ok) return sender
  return acts.publish(caller.principal, caller, messages, sourceOf(sender.value))
}

interface Search {
  readonly call: RestCall | undefined
  readonly sender: Promise<Result<LiveConnection | undefined>>
}

/** Authenticates the caller again, because credentials may be revoked while another node is asked. */
async function proposeLater(
  parts: ChannelParts,
  caller: ChannelCaller,
  messages: PublishedMessages,
  { call, sender }: Search,
): Promise<Result<Receipt>> {
  const found = await sender
  if (!call) return proposeFor(parts, caller, messages, found)
  const known = identifyAgain(parts, call, caller)
  const again = known instanceof Promise ? await known : known
  return again.ok ? proposeFor(parts, again.value, messages, found) : again
}

function sourceOf(behalf: LiveConnection | undefined): PublishSource {
  if (!behalf) return NO_CONNECTION
  return {
    behalf,
    connectionId: behalf.connectionId,
    except: behalf.socketWithoutEcho,
    id: undefined,
  }
}

const NO_CONNECTION: PublishSource = { connectionId: undefined, id: undefined }

/** Why something could not be stored as the channel promises, if so. Details of the disk go to the log only. */
export function lossOf(kept: Promise<void>): Promise<Failure | undefined> {
  return kept.then(() => undefined, notKept)
}

/** The connection on behalf of which all messages are published, or undefined if they name none (RSL1j). */
function senderOf(
  { connectionKeys, connectionIds, drafts }: ReadMessages,
  { appId }: AppPrincipal,
  connections: ConnectionFinder,
): Soon<Result<LiveConnection | undefined>> {
  if (drafts.length === 0)
    return fail('bad_request', 'a message is changed with PATCH, at the path of its serial')
  if (nameNobody(connectionKeys) && nameNobody(connectionIds)) return NOBODY
  const key = connectionKeys[0]
  if (connectionKeys.some((other) => other !== key))
    return fail('connection_id_invalid', 'messages of one request are for the same connection')
  const found = key === undefined ? undefined : connections.find(key, appId)
  const check = (connection: LiveConnection | undefined): Result<LiveConnection | undefined> => {
    if (key !== undefined && !connection)
      return fail('connection_id_invalid', 'the connection key is of no connection here')
    const isForeign = (id: string | undefined) =>
      id !== undefined && id !== connection?.connectionId
    return connectionIds.some(isForeign) ? fail('connection_id_invalid') : ok(connection)
  }
  return found instanceof Promise ? found.then(check) : check(found)
}

const NOBODY: Result<undefined> = ok(undefined)

function nameNobody(names: readonly (string | undefined)[]): boolean {
  for (const name of names) if (name !== undefined) return false
  return true
}
