/** PRESENCE from clients: entering, changing and leaving for themselves or for others (RTP8, RTP14). */
import type { Broker } from '../../../core/broker.ts'
import { MODE, has } from '../../../core/modes.ts'
import type { Presence } from '../../../core/presence.ts'
import type { ChannelRef, PresenceDraft } from '../../../core/types.ts'
import { type Result, fail, ok } from '../../../failure.ts'
import { publishingClientId } from '../../../identity/principal.ts'
import { signedExtras } from '../rest/publish.ts'
import type { QualifiedName } from '../wire/channel-name.ts'
import type { ClientFrame } from '../wire/frame-reader.ts'
import { presenceFrame } from '../wire/frames.ts'
import type { MessageLimits } from '../wire/members.ts'
import { readPresence } from '../wire/presence-reader.ts'
import { type Client, refOf } from './client.ts'
import type { Accepted } from './publishing.ts'
import { type ChannelGate, type Target, targetOf } from './target.ts'

export interface PresencesParts {
  readonly broker: Broker
  readonly gate: ChannelGate
  readonly presence: Presence
  readonly limits: MessageLimits
  /** A change could not be kept, and nobody waits to be told. */
  readonly onLost: (error: unknown) => void
}

type PresenceFrame = Extract<ClientFrame, { kind: 'presence' }>

export class Presences {
  readonly #parts: PresencesParts

  constructor(parts: PresencesParts) {
    this.#parts = parts
  }

  change(client: Client, frame: PresenceFrame): Result<Accepted> {
    const { channel, msgSerial } = frame
    const target = targetOf(client, channel, { operation: 'presence', mode: MODE.presence })
    if (!target.ok) return target
    const { attached, ref } = target.value
    if (!attached) return fail('not_attached')
    const drafts = this.#drafts(client, ref, frame)
    if (!drafts.ok) return drafts
    const refusal = this.#parts.gate.refuse(client, target.value, true)
    if (refusal) return { ok: false, failure: refusal }
    const { id: connectionId } = client.connection
    const origin = { connectionId, id: `${connectionId}:${msgSerial}` }
    const receipt = this.#parts.presence.change(ref, drafts.value, origin)
    if (!receipt.ok) return receipt
    this.#note(client, target.value)
    const { event, kept } = receipt.value
    // Whoever does not watch presence still hears of their own (RTP17a).
    if (event && !has(attached.place.modes, MODE.presenceSubscribe))
      client.sendFrame(presenceFrame(event, channel, client.format))
    return ok({ contents: drafts.value, serials: [], kept })
  }

  /** Takes what a client has entered off a channel that it detaches. */
  leave(client: Client, name: QualifiedName): void {
    const { connection } = client
    if (connection.presentOn?.has(name.name) !== true) return
    forget(connection, name.name)
    this.leaveFor(refOf(client, name), connection.id)
  }

  /** Takes off a channel what was entered through a connection that is over. */
  leaveFor(ref: ChannelRef, connectionId: string): void {
    this.#parts.presence.leave(ref, connectionId).kept?.catch(this.#parts.onLost)
  }

  #drafts(
    { connection: { id, identified, principal } }: Client,
    channel: ChannelRef,
    frame: PresenceFrame,
  ): Result<readonly PresenceDraft[]> {
    const { limits } = this.#parts
    const visitor = { principal, channel, secure: identified.secure }
    const read = readPresence(frame.presence, principal.clientId, { connectionId: id, limits })
    if (!read.ok) return read
    const drafts: PresenceDraft[] = []
    for (const draft of read.value) {
      const clientId = publishingClientId(principal, draft.clientId)
      if (!clientId.ok) return clientId
      // Somebody enters again as who they are; ids of others are not theirs to give (RTP17g1).
      const isOwn = draft.id?.startsWith(`${id}:`) === true
      const extras = signedExtras(draft.extras, visitor)
      const isFine = (isOwn || draft.id === undefined) && extras === draft.extras
      drafts.push(isFine ? draft : { ...draft, id: isOwn ? draft.id : undefined, extras })
    }
    return ok(drafts)
  }

  #note({ connection }: Client, { name, ref }: Target): void {
    const isPresent =
      (this.#parts.broker.channel(ref)?.presence.ofConnection(connection.id).length ?? 0) > 0
    if (isPresent) (connection.presentOn ??= new Set()).add(name.name)
    else forget(connection, name.name)
  }
}

function forget(connection: Client['connection'], name: string): void {
  connection.presentOn?.delete(name)
  if (connection.presentOn?.size === 0) connection.presentOn = undefined
}
