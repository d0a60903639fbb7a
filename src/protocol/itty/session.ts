/** One itty-sockets client: a socket that is a member of exactly one channel for as long as it lives. */
import { Allowance } from '../../core/access/allowance.ts'
import type { Traffic } from '../../core/counting/app-counters.ts'
import type { Commons } from '../../core/commons/commons.ts'
import type { Membership, MembershipOwner } from '../../core/commons/membership.ts'
import type { Soon } from '../../core/soon.ts'
import type { Clock } from '../../core/clock.ts'
import { type Counters, count } from '../../core/counting/counters.ts'
import { type Frame, type Socket, newMessage } from '../../core/types.ts'
import { type Failure, type FailureName, type Result, failure } from '../../failure.ts'
import { type Rate, type Warnings, warn } from '../../policy/rate-limits.ts'
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
  readonly commons: Commons
  readonly clock: Clock
  readonly counters: Counters
  /** The statistics of channels without an app. */
  readonly traffic: Traffic
  readonly limits: SessionLimits
  /** Called for refused messages; never with their contents. */
  readonly onMessageRefused: (why: Failure, detail: MessageDetail) => void
  /** The setting of the server, which a reservation can override. */
  readonly guardEvents: boolean
}

/** Frames that may be held until the client has joined. */
const MAX_EARLY = 1000

export class IttySession implements Session, MembershipOwner {
  readonly #parts: SessionParts
  readonly #socket: Socket
  readonly #allowance: Allowance
  #warnings: Warnings | undefined
  #membership: Membership | undefined
  /** Frames that arrive before the client has joined. */
  #early: Frame[] | undefined
  #isOver = false

  constructor(parts: SessionParts, socket: Socket) {
    this.#parts = parts
    this.#socket = socket
    this.#allowance = new Allowance(parts.limits.messages, parts.clock)
  }

  /** @param joined what becomes of the session's wish to join */
  begin(joined: Soon<Result<Membership>>): void {
    if (!(joined instanceof Promise)) return this.#joined(joined)
    this.#early = []
    void joined.then((known) => this.#joined(known))
  }

  receive(frame: Frame): void {
    if (this.#early) return this.#wait(this.#early, frame)
    const { counters } = this.#parts
    const membership = this.#membership
    // Frames may still arrive between an eviction and the end of the closing handshake.
    if (!membership) return
    counters.messagesReceived++
    if (!this.#allowance.take()) return this.#offend('rate_limited')
    if (typeof frame !== 'string') return this.#offend('binary_frame', CLOSE.unsupported)
    counters.charactersReceived += frame.length
    this.#relay(membership, frame)
  }

  closed(): void {
    this.#isOver = true
    if (this.#membership) this.#parts.commons.leave(this.#membership)
    this.#membership = undefined
  }

  dismiss(): void {
    this.#end('restarting', CLOSE.restart)
  }

  evicted(cause: 'access_changed' | 'disconnected'): void {
    this.#membership = undefined
    this.#end(cause, CLOSE.policy)
  }

  #joined(joined: Result<Membership>): void {
    const early = this.#early ?? []
    this.#early = undefined
    if (!joined.ok) return this.#isOver ? undefined : this.#close(joined.failure, CLOSE.policy)
    // Put off the channel as soon as it was on it.
    if (joined.value.isOver) return
    this.#membership = joined.value
    for (const frame of early) this.receive(frame)
    // The client has gone in the meantime; what it said before is heard all the same.
    if (this.#isOver) this.closed()
  }

  #wait(early: Frame[], frame: Frame): void {
    early.push(frame)
    if (early.length <= MAX_EARLY) return
    this.#early = []
    this.#end('flooding', CLOSE.policy)
  }

  #relay(membership: Membership, frame: string): void {
    const { commons } = this.#parts
    const refusal = commons.maySend(membership, frame)
    if (refusal) return this.#refuse(refusal)
    const addressed = parseRecipient(frame)
    if (!addressed.ok) return this.#refuse(addressed.failure)
    const { recipient, text } = addressed.value
    const value = relayedJson(text, this.#guardsEvents(membership))
    if (!value.ok) return this.#refuse(value.failure)
    const message = newMessage(value.value, membership.member)
    const refused =
      recipient === undefined
        ? commons.send(membership, message)
        : commons.sendDirect(membership, recipient, message)
    if (refused instanceof Promise) this.#refuseLater(refused, recipient)
    else if (refused) this.#refuseSent(refused, recipient)
  }

  #refuseLater(refused: Promise<Failure | undefined>, recipient: string | undefined): void {
    void refused.then((why) => {
      if (why && !this.#isOver) this.#refuseSent(why, recipient)
    })
  }

  #refuseSent(refused: Failure, recipient: string | undefined): void {
    const isUnknown = refused.name === 'recipient_unknown' && recipient !== undefined
    this.#refuse(isUnknown ? unknownRecipient(recipient) : inWords(refused))
  }

  #guardsEvents({ because }: Membership): boolean {
    return because.reservation?.options.guardEvents ?? this.#parts.guardEvents
  }

  /** Each offence costs a warning; without warnings left, the socket is closed (L-2, L-4, F-8). */
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
    // A message that is too large closes the socket at once, without warnings (L-3).
    if (why.name === 'message_too_large') return this.#end(why.name, CLOSE.tooBig)
    this.#complain(why)
  }

  #note(why: Failure): void {
    this.#parts.traffic.refused++
    const channel = this.#membership?.channel.ref.name
    this.#parts.onMessageRefused(why, { channel, address: this.#socket.address })
  }

  #complain(why: Failure): void {
    count(this.#parts.counters.refusals, why.name)
    this.#socket.send(errorFrame(why, this.#parts.clock.now()))
  }

  /** Sends the reason as an error event before closing: clients ignore codes and reasons of a close (O-3, O-5). */
  #end(name: FailureName, code: number): void {
    this.#close(failure(name), code)
  }

  #close(why: Failure, code: number): void {
    this.#complain(why)
    this.#leave()
    this.#socket.close(code, why.name)
  }

  /** Leaves at once instead of after the closing handshake, which a dead peer never completes. */
  #leave(): void {
    this.closed()
  }
}
