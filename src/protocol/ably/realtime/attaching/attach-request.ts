/** Reads an ATTACH: the options that it asks for, and the modes that the client is permitted (RTL4e, TB2). */
import type { Gate } from '../../../../core/access/gate.ts'
import type { Attachments } from '../../../../core/delivery/attachments.ts'
import type { Modes } from '../../../../core/modes.ts'
import { type Failure, type Result, fail, ok } from '../../../../failure.ts'
import type { MessageFilter } from '../../../../policy/message-filter.ts'
import { filterOfKind } from '../../subscription/channel-filter.ts'
import type { SubscriptionLimit } from '../../subscription/subscription-limit.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import { type QualifiedName, parseChannelName } from '../../wire/channel-name.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import { type Client, refOf } from '../session/client.ts'
import { optionsOf } from './attach-options.ts'

export interface AttachRequestParts {
  readonly gate: Gate
  readonly attachments: Attachments
  readonly subscriptionLimit: SubscriptionLimit
  /** Channels that one connection may have; 0 for no limit. */
  readonly maxAttachments: number
}

export type AttachFrame = Extract<ClientFrame, { kind: 'attach' }>

export interface AttachRequest {
  /** The channel name as it stands in frames. */
  readonly text: string
  readonly name: QualifiedName
  readonly options: AttachOptions
  /** The modes that are asked for and permitted. */
  readonly modes: Modes
}

/** @returns a failure if the client may not attach the channel, or not with these options */
export function readAttachRequest(
  parts: AttachRequestParts,
  client: Client,
  { channel: text, flags, params }: AttachFrame,
): Result<AttachRequest> {
  const named = parseChannelName(text)
  if (!named.ok) return named
  const name = named.value
  const options = optionsOf(name.params, params, flags)
  if (!options.ok) return options
  const filter = filterOfKind(name)
  if (!filter.ok) return filter
  const modes = permittedModes(parts, client, name, options.value)
  if (!modes.ok) return modes
  const max = parts.maxAttachments
  if (max > 0 && client.attachments.size >= max && !client.attachments.has(text))
    return fail('too_many_attachments', `a connection can have no more than ${max} channels`)
  const request = { text, name, options: options.value, modes: modes.value }
  const refusal = limitRefusal(parts, client, request, filter.value)
  return refusal ? { ok: false, failure: refusal } : ok(request)
}

/** The modes that are asked for and permitted; a failure if none is (RTL4e). */
export function permittedModes(
  { gate }: Pick<AttachRequestParts, 'gate'>,
  client: Client,
  name: QualifiedName,
  options: AttachOptions,
): Result<Modes> {
  const { secure, principal } = client.connection.identified
  const place = { channel: refOf(client, name), resource: name.resource, secure }
  return gate.attach(principal, place, {
    modes: options.modes,
    onlyListens: name.qualifier !== 'none',
    occupancy: options.occupancy !== undefined,
  })
}

/** Only qualified names count towards the limit, because others share the frames of the plain name. */
function limitRefusal(
  { attachments, subscriptionLimit }: AttachRequestParts,
  client: Client,
  { name, text }: AttachRequest,
  filter: MessageFilter | undefined,
): Failure | undefined {
  if (text === name.name) return undefined
  return subscriptionLimit.refusal(attachments.groups(refOf(client, name)), { name: text, filter })
}
