/** One publish on one channel: under whose name, by which rules, and what its sender is told. */
import type { Receipt } from '../../../core/app-channel.ts'
import type { JsonText, MessageDraft } from '../../../core/types.ts'
import { type Failure, type Result, fail, ok } from '../../../failure.ts'
import { type AppPrincipal, publishingClientId } from '../../../identity/principal.ts'
import { claimFor } from '../../../policy/channel-claims.ts'
import { ruleRefusal } from '../../../policy/channel-rule.ts'
import type { Connections, LiveConnection } from '../connections.ts'
import type { ReadMessages } from '../wire/message-reader.ts'
import { capabilityRefusal } from './authorize.ts'
import type { ChannelParts, Visitor } from './channel-call.ts'

/** What a sender is told (PBR2). */
export interface Published {
  readonly channel: string
  readonly messageId: string
  readonly serials: readonly string[]
}

/**
 * Publishes all messages or none.
 * @param ephemeral that they are neither kept nor delivered again
 * @returns a promise where a channel promises more than memory, settled once they are kept so
 */
export function publish(
  parts: ChannelParts,
  visitor: Visitor,
  messages: ReadMessages,
  ephemeral = messages.ephemeral,
): Result<Published> | Promise<Result<Published>> {
  const { channel } = visitor
  const { drafts } = messages
  const counts = parts.counters.of(channel.realm).inbound.rest.messages
  const receipt = place(parts, visitor, messages, ephemeral)
  if (!receipt.ok) {
    counts.refused += drafts.length
    return receipt
  }
  counts.count += drafts.length
  counts.data += messages.bytes
  const { id, serials, kept } = receipt.value
  const published = ok({ channel: channel.name, messageId: id, serials })
  return kept ? isKept(kept).then((isSo) => (isSo ? published : fail('not_kept'))) : published
}

function place(
  parts: ChannelParts,
  visitor: Visitor,
  messages: ReadMessages,
  ephemeral: boolean,
): Result<Receipt> {
  const sender = senderOf(messages, visitor.principal, parts.connections)
  if (!sender.ok) return sender
  const drafts = signed(messages.drafts, visitor, sender.value)
  if (!drafts.ok) return drafts
  const refusal = refusalOf(parts, visitor, messages, drafts.value)
  if (refusal) return { ok: false, failure: refusal }
  return parts.publisher.publish(visitor.channel, {
    drafts: drafts.value,
    batchId: messages.batchId,
    ephemeral,
    connectionId: sender.value?.connectionId,
    except: sender.value?.silentSocket,
    id: undefined,
  })
}

/** Whether something was kept as its channel promises; why it was not is for the log of whoever keeps it. */
export function isKept(kept: Promise<void>): Promise<boolean> {
  return kept.then(
    () => true,
    () => false,
  )
}

/** The connection that the messages say they are published for; all for the same one, or none (RSL1j). */
function senderOf(
  { connectionKeys, connectionIds, drafts }: ReadMessages,
  { appId }: AppPrincipal,
  connections: Connections,
): Result<LiveConnection | undefined> {
  if (drafts.length === 0)
    return fail('bad_request', 'a message is changed with PATCH, at the path of its serial')
  const key = connectionKeys[0]
  if (connectionKeys.some((other) => other !== key))
    return fail('connection_id_invalid', 'messages of one request are for the same connection')
  const connection = key === undefined ? undefined : connections.byKey(key, appId)
  if (key !== undefined && !connection)
    return fail('connection_id_invalid', 'the connection key is of no connection here')
  const isForeign = (id: string | undefined) => id !== undefined && id !== connection?.connectionId
  return connectionIds.some(isForeign) ? fail('connection_id_invalid') : ok(connection)
}

/** Puts in each draft whom it is from. */
function signed(
  drafts: readonly MessageDraft[],
  visitor: Visitor,
  connection: LiveConnection | undefined,
): Result<readonly MessageDraft[]> {
  const result: MessageDraft[] = []
  for (const draft of drafts) {
    const clientId = clientIdOf(draft, visitor.principal, connection)
    if (!clientId.ok) return clientId
    const extras = signedExtras(draft.extras, visitor)
    const isSigned = clientId.value === draft.clientId && extras === draft.extras
    result.push(isSigned ? draft : { ...draft, clientId: clientId.value, extras })
  }
  return ok(result)
}

/** Who publishes for a connection publishes as its client. */
function clientIdOf(
  { clientId }: MessageDraft,
  principal: AppPrincipal,
  connection: LiveConnection | undefined,
): Result<string | undefined> {
  const own = connection?.clientId
  if (own !== undefined && clientId !== undefined && clientId !== own)
    return fail('client_id_invalid', 'the client id is not that of the connection')
  const speaksForItself = clientId === undefined || clientId === own
  if (principal.clientId === undefined && speaksForItself) return ok(own)
  return publishingClientId(principal, clientId ?? own)
}

/** What a token says of its holder stands with whatever they publish; nobody else can write that member. */
export function signedExtras(
  extras: JsonText | undefined,
  { principal, channel }: Visitor,
): JsonText | undefined {
  const userClaim = claimFor(principal.userClaims, channel.name)
  if (userClaim === undefined) return extras
  const member = `"userClaim":${JSON.stringify(userClaim)}}`
  return extras === undefined || extras === '{}' ? `{${member}` : `${extras.slice(0, -1)},${member}`
}

function refusalOf(
  { broker, rates }: ChannelParts,
  { principal, channel, secure }: Visitor,
  { privileged }: ReadMessages,
  drafts: readonly MessageDraft[],
): Failure | undefined {
  const isIdentified = drafts.every(({ clientId }) => clientId !== undefined)
  const refusal = ruleRefusal(broker.rule(channel), { secure, isIdentified })
  if (refusal) return refusal
  const unprivileged = privileged
    ? capabilityRefusal(principal, 'privileged-headers', channel.name)
    : undefined
  return unprivileged ?? rates.refuse(principal, channel.name, drafts.length)
}
