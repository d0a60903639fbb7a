/** PRESENCE from clients: entering, changing and leaving for themselves or for others (RTP8, RTP14). */
import type { Acts } from '../../../../core/access/acts.ts'
import type { Registry } from '../../../../core/registry/registry.ts'
import { MODE, has } from '../../../../core/modes.ts'
import type { Presence } from '../../../../core/propose/presence.ts'
import type { ChannelRef, PresenceDraft } from '../../../../core/types.ts'
import { type Result, ok } from '../../../../failure.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import { presenceFrame } from '../../wire/frames.ts'
import { type MessageLimits, sizeOf } from '../../wire/members.ts'
import { readPresence } from '../../wire/presence-reader.ts'
import { type Client, refOf } from '../session/client.ts'
import type { Accepted } from '../publishing/accepted.ts'
import { type Target, targetOf } from '../publishing/target.ts'
import { type Soon, andThen } from '../../../../core/soon.ts'
import type { PresenceReceipt } from '../../../../core/channel/receipt.ts'

export interface PresencesParts {
  readonly registry: Registry
  readonly acts: Acts
  readonly presence: Presence
  readonly limits: MessageLimits
  /** Called when a leave could not be stored: there is no client left to be told. */
  readonly onLost: (error: unknown) => void
}

type PresenceFrame = Extract<ClientFrame, { kind: 'presence' }>

export class Presences {
  readonly #parts: PresencesParts

  constructor(parts: PresencesParts) {
    this.#parts = parts
  }

  change(client: Client, frame: PresenceFrame): Soon<Result<Accepted>> {
    const { channel, msgSerial } = frame
    const { acts, limits } = this.#parts
    const { id: connectionId, principal } = client.connection
    const target = targetOf(client, channel)
    if (!target.ok) return target
    const read = readPresence(frame.presence, principal.clientId, { connectionId, limits })
    if (!read.ok) return read
    const source = { connectionId, id: `${connectionId}:${msgSerial}` }
    const receipt = acts.present(principal, target.value, read.value, source)
    // Noted before the engine answers: if the connection ends meanwhile, its members must still be removed.
    if (read.value.some(({ action }) => action !== 'leave'))
      (client.connection.presentOn ??= new Set()).add(target.value.name.name)
    if (!(receipt instanceof Promise))
      return this.#changed(client, target.value, read.value, receipt)
    const { connection } = client
    connection.undecidedPresence++
    return receipt.then((known) => {
      connection.undecidedPresence--
      return this.#changed(client, target.value, read.value, known)
    })
  }

  #changed(
    client: Client,
    target: Target,
    contents: readonly PresenceDraft[],
    receipt: Result<PresenceReceipt>,
  ): Result<Accepted> {
    // What is not known may be so: it has to be taken back once the connection ends.
    if (receipt.ok || receipt.failure.name !== 'engine_unreachable') this.#note(client, target)
    if (!receipt.ok) return receipt
    const { event, kept } = receipt.value
    const { attached } = target
    // A client without the presence-subscribe mode still gets its own presence events (RTP17a).
    if (event && attached && !has(attached.attachment.modes, MODE.presenceSubscribe))
      client.sendFrame(presenceFrame(event, target.text, client.format))
    return ok({ count: contents.length, bytes: sizeOf(contents), serials: [], kept })
  }

  /** Removes the members that a client has entered from a channel that it detaches. */
  leave(client: Client, name: QualifiedName): void {
    const { connection } = client
    if (connection.presentOn?.has(name.name) !== true) return
    forget(connection, name.name)
    this.leaveFor(refOf(client, name), connection.id)
  }

  /** Removes the members that were entered through a connection that is over. */
  leaveFor(ref: ChannelRef, connectionId: string): void {
    void andThen(this.#parts.presence.leave(ref, connectionId), ({ kept }) => {
      kept?.catch(this.#parts.onLost)
    })
  }

  #note({ connection }: Client, { channel, name }: Target): void {
    const isPresent =
      (this.#parts.registry.channel(channel)?.presence.ofConnection(connection.id).length ?? 0) > 0
    if (isPresent) (connection.presentOn ??= new Set()).add(name.name)
    else if (connection.undecidedPresence === 0) forget(connection, name.name)
  }
}

function forget(connection: Client['connection'], name: string): void {
  connection.presentOn?.delete(name)
  if (connection.presentOn?.size === 0) connection.presentOn = undefined
}
