/** The fan-out groups of attachments: which group an attachment belongs to, and when it has to change. */
import type { Attachments } from '../../../../core/delivery/attachments.ts'
import type { Channel } from '../../../../core/channel/channel.ts'
import { MODE, type Modes, has } from '../../../../core/modes.ts'
import type { Format as GroupFormat } from '../../../../core/types.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { Format } from '../../wire/format.ts'
import { PROTOCOL } from '../encoding/encode.ts'
import { objectVariantText, variantText } from '../encoding/variant.ts'
import { type Client, isEchoOff } from '../session/client.ts'
import type { AttachRequest } from './attach-request.ts'
import type { Attached } from './attached.ts'

/** What determines the variant in which an attachment gets its channel. */
export interface Subscription {
  readonly channel: Channel
  /** The channel name as it stands in frames. */
  readonly text: string
  readonly name: QualifiedName
  readonly options: AttachOptions
  readonly modes: Modes
  /** Whether it has the last publication, so that the next can be a delta. */
  readonly hasBase: boolean
}

const NO_FORMATS: readonly GroupFormat[] = Object.freeze([])

/** The variant for a subscription; undefined for one that gets nothing. */
export function variantFor(
  format: Format,
  { channel, hasBase, modes, name, options, text }: Subscription,
): string | undefined {
  const { appendMode, delta, occupancy } = options
  const isPlain = name.qualifier === 'none' && occupancy === undefined
  return variantText({
    format,
    modes,
    // Only plain attachments get deltas: a filter or occupancy would put other messages between base and delta.
    delta: delta && hasBase && isPlain,
    whole: appendMode === 'full',
    occupancy,
    name: text === channel.ref.name ? undefined : text,
    filter: name.filter,
  })
}

function formatsFor(format: Format, subscription: Subscription): readonly GroupFormat[] {
  const variant = variantFor(format, subscription)
  return variant === undefined ? NO_FORMATS : [{ protocol: PROTOCOL, variant }]
}

/**
 * Objects come in a group of their own, also while there is a backlog: nothing that was missed of them is in it, for
 * whoever attaches is sent them whole.
 */
function withObjects(
  formats: readonly GroupFormat[],
  { format, objects }: Pick<Client, 'format' | 'objects'>,
  { channel, modes, text }: Pick<Subscription, 'channel' | 'modes' | 'text'>,
): readonly GroupFormat[] {
  if (!has(modes, MODE.objectSubscribe)) return formats
  const name = text === channel.ref.name ? undefined : text
  return [...formats, { protocol: PROTOCOL, variant: objectVariantText(format, objects, name) }]
}

export class AttachmentGroups {
  readonly #attachments: Attachments

  constructor(attachments: Attachments) {
    this.#attachments = attachments
  }

  /** Moves an attachment to the group that is right for it now; to none while it has a backlog. */
  update(client: Client, attached: Attached, modes = attached.attachment.modes): void {
    const { attachment, backlog, hasBase, name, options, text } = attached
    const { channel } = attachment
    const subscription = { channel, text, name, options, modes, hasBase }
    const formats = backlog ? NO_FORMATS : formatsFor(client.format, subscription)
    this.#attachments.change(attachment, modes, withObjects(formats, client, subscription))
    if (!backlog) this.#awaitBase(client, attached)
  }

  /** Takes an attachment out of its groups, so that it gets nothing live but objects while it has a backlog. */
  leave(client: Client, { attachment, text }: Attached): void {
    const formats = withObjects(NO_FORMATS, client, { ...attachment, text })
    this.#attachments.change(attachment, attachment.modes, formats)
  }

  /**
   * Attaches the channel, or goes on with what is attached under the name.
   * @param start whether nothing has to be sent before what is live, and as in `Attached`
   */
  attach(
    client: Client,
    channel: Channel,
    request: AttachRequest,
    { isLive, resumedFrom }: { readonly isLive: boolean; readonly resumedFrom: string | undefined },
  ): Attached {
    const { modes, name, options, text } = request
    const subscription = { channel, text, name, options, modes, hasBase: false }
    const live = isLive ? formatsFor(client.format, subscription) : NO_FORMATS
    const formats = withObjects(live, client, subscription)
    const known = client.attachments.get(text)
    const attached =
      known?.attachment.channel === channel
        ? this.#renew(known, request, resumedFrom, formats)
        : this.#attach(client, channel, request, { resumedFrom, formats })
    if (isLive) this.#awaitBase(client, attached)
    return attached
  }

  #renew(
    known: Attached,
    { modes, options }: AttachRequest,
    resumedFrom: string | undefined,
    formats: readonly GroupFormat[],
  ): Attached {
    const { attachment } = known
    Object.assign(known, { options, resumedFrom, hasBase: false })
    attachment.channel.restart(attachment, resumedFrom)
    this.#attachments.change(attachment, modes, formats)
    return known
  }

  #attach(
    client: Client,
    channel: Channel,
    { modes, name, options, text }: AttachRequest,
    { formats, resumedFrom }: { formats: readonly GroupFormat[]; resumedFrom: string | undefined },
  ): Attached {
    const before = client.attachments.get(text)
    if (before) this.#attachments.detach(before.attachment)
    const { connection, socket } = client
    const attachment = this.#attachments.attach(channel, {
      socket,
      connectionId: connection.id,
      modes,
      formats,
      seenFrom: resumedFrom,
    })
    const start = { resumedFrom, hasBase: false, backlog: undefined }
    const attached: Attached = { text, name, attachment, options, ...start }
    client.attachments.set(text, attached)
    return attached
  }

  /** Waits for the first publication, which is sent whole, before the attachment gets deltas. */
  #awaitBase(client: Client, attached: Attached): void {
    if (!attached.options.delta || attached.hasBase) return
    const { attachment, text } = attached
    attachment.channel.afterNextPublication(attachment, ({ connectionId }) => {
      const isOver = client.attachments.get(text) !== attached || attached.backlog !== undefined
      if (isOver || attached.hasBase) return
      const isUnheard = isEchoOff(client, attached.options) && connectionId === client.connection.id
      attached.hasBase = !isUnheard
      this.update(client, attached)
    })
  }
}
