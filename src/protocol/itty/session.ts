/** One itty-sockets client: a socket that is a member of exactly one channel for as long as it lives. */
import { Allowance } from '../../core/access/allowance.ts'
import type { Traffic } from '../../core/app-counters.ts'
import type { Attachment, AttachmentOwner } from '../../core/channel.ts'
import type { Clock } from '../../core/clock.ts'
import { type Counters, count } from '../../core/counters.ts'
import type { Hub } from '../../core/hub.ts'
import type { Frame, Socket } from '../../core/types.ts'
import { type Failure, type FailureName, failure } from '../../failure.ts'
import { type Rate, type Warnings, warn } from '../../policy/limits.ts'
import { relayedJson } from '../../policy/relayed-json.ts'
import type { Session } from '../protocol.ts'
import { CLOSE } from './close-codes.ts'
import { errorFrame } from './frames.ts'
import { parseRecipient, unknownRecipient } from './message-text.ts'
import { inWords } from './refusal.ts'

export interface SessionLimits {
  readonly messages: Rate
  readonly maxWarnings: number
}

export interface MessageDetail {
  readonly channel: string | undefined
  readonly address: string
}

export interface SessionParts {
  readonly hub: Hub
  readonly clock: Clock
  readonly counters: Counters
  /** Of the commons. */
  readonly traffic: Traffic
  readonly limits: SessionLimits
  /** Told of messages that were turned away; never of what is in them. */
  readonly onMessageRefused: (why: Failure, detail: MessageDetail) => void
  /** The server's setting; a reservation's own wins. */
  readonly guardEvents: boolean
}

export class IttySession implements Session, AttachmentOwner {
  readonly #parts: SessionParts
  readonly #socket: Socket
  readonly #allowance: Allowance
  #warnings: Warnings | undefined
  #attachment: Attachment | undefined

  constructor(parts: SessionParts, socket: Socket) {
    this.#parts = parts
    this.#socket = socket
    this.#allowance = new Allowance(parts.limits.messages, parts.clock)
  }

  /** Tells the session its place on the channel; frames come only afterwards. */
  attach(attachment: Attachment): void {
    this.#attachment = attachment
  }

  receive(frame: Frame): void {
    const { counters } = this.#parts
    const attachment = this.#attachment
    // Frames may still arrive between an eviction and the end of the closing handshake.
    if (!attachment) return
    counters.messagesReceived++
    if (!this.#allowance.take()) return this.#offend('rate_limited')
    if (typeof frame !== 'string') return this.#offend('binary_frame', CLOSE.unsupported)
    counters.charactersReceived += frame.length
    this.#relay(attachment, frame)
  }

  closed(): void {
    if (this.#attachment) this.#parts.hub.leave(this.#attachment)
    this.#attachment = undefined
  }

  dismiss(): void {
    this.#end('restarting', CLOSE.restart)
  }

  evicted(cause: 'access_changed' | 'disconnected'): void {
    this.#attachment = undefined
    this.#end(cause, CLOSE.policy)
  }

  #relay(attachment: Attachment, frame: string): void {
    const refusal = this.#parts.hub.maySend(attachment, frame)
    if (refusal) return this.#refuse(refusal)
    const addressed = parseRecipient(frame)
    if (!addressed.ok) return this.#refuse(addressed.failure)
    const { recipient, text } = addressed.value
    const value = relayedJson(text, this.#guardsEvents(attachment))
    if (!value.ok) return this.#refuse(value.failure)
    const message = { value: value.value, sender: attachment.member }
    const { hub } = this.#parts
    const refused =
      recipient === undefined
        ? hub.send(attachment, message)
        : hub.sendDirect(attachment, recipient, message)
    if (!refused) return
    const isUnknown = refused.name === 'recipient_unknown' && recipient !== undefined
    this.#refuse(isUnknown ? unknownRecipient(recipient) : inWords(refused))
  }

  #guardsEvents({ because }: Attachment): boolean {
    return because.reservation?.options.guardEvents ?? this.#parts.guardEvents
  }

  /** An offence costs a warning; when they are used up, the socket is closed (L-2, L-4, F-8). */
  #offend(name: FailureName, code: number = CLOSE.policy): void {
    const { clock, limits } = this.#parts
    this.#warnings ??= { count: 0, at: 0 }
    this.#refuse(failure(name))
    if (warn(this.#warnings, limits.maxWarnings, clock.elapsed()) === 'warned') return
    if (name === 'rate_limited') {
      this.#complain(failure('flooding'))
      this.#leave()
      this.#socket.punish(code, 'flooding')
    } else {
      this.#end(name, code)
    }
  }

  #refuse(why: Failure): void {
    this.#note(why)
    // Whatever is so large is not worth the warnings that other offences have (L-3).
    if (why.name === 'message_too_large') return this.#end(why.name, CLOSE.tooBig)
    this.#complain(why)
  }

  #note(why: Failure): void {
    this.#parts.traffic.refused++
    const channel = this.#attachment?.channel.ref.name
    this.#parts.onMessageRefused(why, { channel, address: this.#socket.address })
  }

  #complain(why: Failure): void {
    count(this.#parts.counters.refusals, why.name)
    this.#socket.send(errorFrame(why, this.#parts.clock.now()))
  }

  /** A reason as an error event, then the close: clients ignore codes and reasons of a close (O-3, O-5). */
  #end(name: FailureName, code: number): void {
    this.#complain(failure(name))
    this.#leave()
    this.#socket.close(code, name)
  }

  /** At once, not when the closing handshake is over: the others must not wait for a dead peer. */
  #leave(): void {
    this.closed()
  }
}
