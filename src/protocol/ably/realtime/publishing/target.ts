/** The channel that a frame is about, as the gate has to know it. */
import type { Allowance } from '../../../../core/access/allowance.ts'
import type { Place } from '../../../../core/access/caller.ts'
import type { Modes } from '../../../../core/modes.ts'
import type { ChannelRef, Socket } from '../../../../core/types.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import { type QualifiedName, parseChannelName } from '../../wire/channel-name.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import type { Attached } from '../attaching/attached.ts'
import { type Client, isEchoOff, refOf } from '../session/client.ts'

export type MessageFrame = Extract<ClientFrame, { kind: 'message' }>

export interface Target extends Place {
  readonly name: QualifiedName
  /** As it stands in frames. */
  readonly text: string
  /** Undefined for a client that publishes without having attached (RTL6c). */
  readonly attached: Attached | undefined
  /** The modes with which the client has asked to be attached. */
  readonly modes: Modes | undefined
  readonly channel: ChannelRef
  readonly allowance: Allowance
}

/** @returns `bad_channel` for a qualified name, under which a client can only subscribe */
export function targetOf(client: Client, channel: string): Result<Target> {
  const attached = client.attachments.get(channel)
  if (attached) return placeOf(client, channel, attached.name, attached)
  const named = parseChannelName(channel)
  return named.ok ? placeOf(client, channel, named.value, undefined) : named
}

function placeOf(
  client: Client,
  channel: string,
  name: QualifiedName,
  attached: Attached | undefined,
): Result<Target> {
  if (name.qualifier !== 'none')
    return fail('bad_channel', 'channels with a qualifier can only be subscribed to')
  return ok({
    name,
    text: channel,
    attached,
    modes: attached?.options.modes,
    channel: attached?.attachment.channel ?? refOf(client, name),
    resource: name.resource,
    secure: client.connection.identified.secure,
    allowance: client.allowance,
  })
}

/** The socket to leave out when a publication of this client is delivered; undefined if it gets the echo. */
export function socketWithoutEcho(client: Client, { attached }: Target): Socket | undefined {
  return isEchoOff(client, attached?.options) ? client.socket : undefined
}
