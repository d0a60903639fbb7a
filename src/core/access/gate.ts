/**
 * The gate: the one place that decides who may do what. Whoever asks, and whichever way they come in, each act is
 * decided in this order, and the first thing that is against it is what they are told:
 *
 *  1. the app is enabled, its time is not over, and pages of that origin may use it
 *  2. the connection is encrypted, where the app or the channel's rule asks for that
 *  3. the capability of their credentials permits it (for members of the commons the keys of the reservation do), and
 *     the channel is attached for it
 *  4. the channel's rule lets them in: it may be for clients with a client id only
 *  5. they are who they say they are: client ids, then what their token says of them
 *  6. privileged headers are theirs to send
 *  7. it is not too large
 *  8. it is not too much: of a token, of an app, of a channel
 *
 * Credentials were proven in the same turn (`identity/`), and what may come in at all was decided before anything was
 * decoded (`transport/admission.ts`). What the caller pays for is charged whether it is permitted or not.
 */
import { type Failure, type Result, fail, failure, ok } from '../../failure.ts'
import { appRefusal, originRefusal, tlsRefusal } from '../../policy/app-state.ts'
import { type Operation, permits } from '../../policy/capability/operations.ts'
import { identityRefusal, settingsFor } from '../../policy/channel-rule.ts'
import { isIdentifiable, publishingClientId } from '../../policy/client-identity.ts'
import { SettledDate } from '../time/settled-date.ts'
import { messageSize } from '../channel/message-size.ts'
import { MODE, type Modes, has } from '../modes.ts'
import { draftsFault } from '../objects/checks.ts'
import { draftsBytes } from '../objects/object-size.ts'
import type { ObjectDraft } from '../objects/operation.ts'
import type { AnnotationDraft, MessageDraft, MessageEdit, PresenceDraft } from '../types.ts'
import type { AppCaller, Caller, Place } from './caller.ts'
import { CHANGE_OPERATIONS } from './message-rights.ts'
import { modesPermitted } from './modes-permitted.ts'
import { PushGate } from './push-gate.ts'
import { nameless, sizeOf } from './refusals.ts'
import {
  type AdmittedEdit,
  type AttachWish,
  type GateParts,
  type PublishWish,
  WHOLE_APP,
} from './gate-parts.ts'
import {
  type Behalf,
  signAnnotations,
  signEdit,
  signMessages,
  signObjects,
  signPresence,
} from './signing.ts'

export class Gate {
  readonly push: PushGate
  readonly #parts: GateParts
  readonly #now: () => number

  constructor(parts: GateParts) {
    this.#parts = parts
    const date = new SettledDate(parts.clock)
    this.#now = () => date.now()
    this.push = new PushGate(parts, this.#now)
  }

  /** Something that concerns an app and no channel of it. */
  app(caller: AppCaller, operation: Operation, secure: boolean): Failure | undefined {
    return this.#state(caller.appId, secure) ?? this.#capability(caller, operation, WHOLE_APP)
  }

  /** The client as whom somebody does something apart from publishing, such as registering a device. */
  actAs(caller: AppCaller, named: string | undefined): Result<string | undefined> {
    return publishingClientId(caller, named)
  }

  /**
   * Coming to a channel: reading what it has, asking how it stands, and what all else begins with.
   * @param operation left out where what is permitted depends on more
   * @param mode for which the channel has to be attached, if it is
   */
  enter(caller: Caller, place: Place, operation?: Operation, mode: Modes = 0): Failure | undefined {
    const { channel, modes, origin, resource, secure } = place
    const app = this.#parts.appOf(channel.realm)
    if (!app) return failure('app_disabled')
    const disabled = appRefusal(app, this.#now)
    if (disabled || caller.kind === 'manager') return disabled
    const rule = settingsFor(app.rules, channel.name)
    const open = tlsRefusal(app, secure, 'app') ?? tlsRefusal(rule, secure, 'channel')
    if (open) return open
    if (caller.kind === 'guest') return originRefusal(app, origin) ?? identityRefusal(rule, false)
    const refused = operation && this.#capability(caller, operation, resource)
    if (refused) return refused
    // The capability is asked first: it may have changed since the attachment, the mode has not (RTC8a).
    if (modes !== undefined && !has(modes, mode)) return failure('channel_mode_refused')
    return identityRefusal(rule, isIdentifiable(caller))
  }

  /** Listening without a connection, over which nobody could say later as whom they do what they do. */
  listen(caller: AppCaller, place: Place): Failure | undefined {
    return (
      this.enter(caller, place, 'subscribe') ??
      this.#anonymous(caller, place, [{ clientId: caller.clientId }])
    )
  }

  /**
   * Attaching, or staying attached.
   * @returns the modes that are asked for, as far as they are permitted; with no permission at all there is no
   *   attachment (RTL4e)
   */
  attach(caller: AppCaller, place: Place, wish: AttachWish): Result<Modes> {
    const refusal = this.enter(caller, place)
    // What the capability says comes before what the rule says of who is there.
    if (refusal && refusal.name !== 'identity_required') return { ok: false, failure: refusal }
    const operations = caller.checker.operationsOn(place.resource)
    const permitted = modesPermitted(operations)
    const possible = wish.onlyListens ? permitted & MODE.subscribe : permitted
    if (possible === 0)
      return fail(
        'capability_refused',
        'Channel denied access: the capability permits nothing there',
      )
    if (wish.occupancy && !permits(operations, 'channel-metadata'))
      return fail('capability_refused', 'occupancy needs the capability channel-metadata')
    return refusal ? { ok: false, failure: refusal } : ok(wish.modes & possible)
  }

  /**
   * @param behalf a connection for which they are published
   * @returns the messages, with whom they are from
   */
  publish(
    caller: Caller,
    place: Place,
    wish: PublishWish,
    behalf?: Behalf,
  ): Result<readonly MessageDraft[]> {
    const { drafts, privileged } = wish
    const tooMany = this.#parts.rates.ofCaller(caller, place, drafts.length)
    const refusal =
      this.enter(caller, place, 'publish', MODE.publish) ??
      (wish.identified === true ? nameless(caller) : undefined)
    if (refusal) return { ok: false, failure: refusal }
    const signed = signMessages(caller, place.channel.name, drafts, behalf)
    if (!signed.ok) return signed
    const fault =
      this.#anonymous(caller, place, signed.value) ??
      (privileged ? this.#headers(caller, place) : undefined) ??
      this.#size(wish.bytes) ??
      tooMany ??
      this.#shared(place, drafts.length)
    return fault ? { ok: false, failure: fault } : signed
  }

  edit(caller: AppCaller, place: Place, edit: MessageEdit): Result<AdmittedEdit> {
    const tooMany = this.#parts.rates.ofCaller(caller, place, 1)
    const { any, own } = CHANGE_OPERATIONS[edit.action]
    const { checker } = caller
    const needed = checker.permits(place.resource, own) ? own : any
    const refusal = this.enter(caller, place, needed, MODE.publish)
    if (refusal) return { ok: false, failure: refusal }
    const clientId = publishingClientId(caller, edit.version.clientId)
    if (!clientId.ok) return clientId
    const fault =
      this.#anonymous(caller, place, [{ clientId: clientId.value }]) ??
      this.#size(messageSize(edit.draft)) ??
      tooMany ??
      this.#shared(place, 1)
    if (fault) return { ok: false, failure: fault }
    return ok({
      edit: { ...edit, draft: signEdit(caller, place.channel.name, edit.draft) },
      clientId: clientId.value,
      ownOnly: !checker.permits(place.resource, any),
    })
  }

  /** @returns the annotations, with whom they are from */
  annotate(
    caller: AppCaller,
    place: Place,
    drafts: readonly AnnotationDraft[],
  ): Result<readonly AnnotationDraft[]> {
    const tooMany = this.#parts.rates.ofCaller(caller, place, drafts.length)
    const refusal = this.enter(caller, place, 'annotation-publish', MODE.annotationPublish)
    if (refusal) return { ok: false, failure: refusal }
    const signed = signAnnotations(caller, place.channel.name, drafts)
    if (!signed.ok) return signed
    const fault =
      this.#anonymous(caller, place, signed.value) ??
      this.#size(sizeOf(drafts)) ??
      tooMany ??
      this.#shared(place, drafts.length)
    return fault ? { ok: false, failure: fault } : signed
  }

  /** Reading objects, for which either of two operations is enough. */
  readObjects(caller: AppCaller, place: Place): Failure | undefined {
    const { checker } = caller
    const isListener = checker.permits(place.resource, 'subscribe')
    return this.enter(caller, place, isListener ? 'subscribe' : 'object-subscribe')
  }

  /** @returns the operations on objects, with whom they are from */
  changeObjects(
    caller: AppCaller,
    place: Place,
    drafts: readonly ObjectDraft[],
  ): Result<readonly ObjectDraft[]> {
    const tooMany = this.#parts.rates.ofCaller(caller, place, drafts.length)
    const refusal = this.enter(caller, place, 'object-publish', MODE.objectPublish)
    if (refusal) return { ok: false, failure: refusal }
    const signed = signObjects(caller, place.channel.name, drafts)
    if (!signed.ok) return signed
    const fault =
      this.#anonymous(caller, place, signed.value) ??
      this.#size(draftsBytes(signed.value)) ??
      draftsFault(drafts, this.#now()) ??
      tooMany ??
      this.#shared(place, drafts.length)
    return fault ? { ok: false, failure: fault } : signed
  }

  /**
   * Entering, changing and leaving presence.
   * @param connectionId through which it is done
   * @returns the changes, with what the caller's token says of them
   */
  present(
    caller: AppCaller,
    place: Place,
    drafts: readonly PresenceDraft[],
    connectionId: string,
  ): Result<readonly PresenceDraft[]> {
    place.allowance?.spend(drafts.length - 1)
    const refusal = this.enter(caller, place, 'presence', MODE.presence)
    if (refusal) return { ok: false, failure: refusal }
    if (place.modes === undefined) return fail('not_attached')
    const signed = signPresence(caller, place.channel.name, drafts, connectionId)
    if (!signed.ok) return signed
    const fault = this.#size(sizeOf(drafts)) ?? this.#shared(place, drafts.length)
    return fault ? { ok: false, failure: fault } : signed
  }

  /** The first two steps, for what concerns no channel. */
  #state(realm: string, secure: boolean): Failure | undefined {
    const app = this.#parts.appOf(realm)
    if (!app) return failure('app_disabled')
    return appRefusal(app, this.#now) ?? tlsRefusal(app, secure, 'app')
  }

  #capability(caller: AppCaller, operation: Operation, resource: string): Failure | undefined {
    if (caller.checker.permits(resource, operation)) return undefined
    const where = resource === WHOLE_APP ? 'on the whole app' : 'on this channel'
    const message = `the capability does not permit ${operation} ${where}`
    return failure('capability_refused', message, () =>
      this.#parts.explain(caller, operation, resource),
    )
  }

  /** Whoever may be anybody has to say who they are, with each thing, where a rule wants to know. */
  #anonymous(
    caller: Caller,
    { channel }: Place,
    signed: readonly { readonly clientId: string | undefined }[],
  ): Failure | undefined {
    if (caller.kind !== 'app' || caller.clientId !== undefined) return undefined
    const app = this.#parts.appOf(channel.realm)
    if (!app) return undefined
    const rule = settingsFor(app.rules, channel.name)
    for (const { clientId } of signed)
      if (clientId === undefined) return identityRefusal(rule, false)
    return undefined
  }

  #headers(caller: Caller, { resource }: Place): Failure | undefined {
    return caller.kind === 'app'
      ? this.#capability(caller, 'privileged-headers', resource)
      : undefined
  }

  #size(bytes: number): Failure | undefined {
    const { maxMessageBytes } = this.#parts
    return bytes > maxMessageBytes
      ? failure('message_too_large', `${bytes} bytes are more than the limit of ${maxMessageBytes}`)
      : undefined
  }

  /** What belongs to all who publish is charged for what nothing else is against. */
  #shared({ channel }: Place, messages: number): Failure | undefined {
    const { registry, rates } = this.#parts
    const open = registry.channel(channel)
    return rates.ofApp(channel.realm, messages) ?? (open && rates.ofChannel(open, messages))
  }
}
