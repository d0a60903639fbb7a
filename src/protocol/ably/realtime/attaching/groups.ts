/** What an attachment reads, as the groups that it belongs into. */
import type { AppChannel } from '../../../../core/app-channel.ts'
import type { Modes } from '../../../../core/modes.ts'
import type { Format as GroupFormat } from '../../../../core/types.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { Client } from '../session/client.ts'
import { PROTOCOL } from '../encoding/encode.ts'
import { variantText } from '../encoding/variant.ts'

export interface Place {
  /** The name in frames. */
  readonly channel: string
  readonly home: AppChannel
  readonly name: QualifiedName
  readonly options: AttachOptions
  readonly modes: Modes
}

const NO_FORMATS: readonly GroupFormat[] = Object.freeze([])

/** @param hasBase whether it has the last publication, from which the next may differ */
export function formatsOf(
  client: Client,
  place: Place & { readonly hasBase: boolean },
): readonly GroupFormat[] {
  const variant = readingText(client, place, place.hasBase)
  return variant === undefined ? NO_FORMATS : [{ protocol: PROTOCOL, variant }]
}

/** The variant for an attachment; undefined where it reads nothing. */
export function readingText(
  { format }: Client,
  { channel, home, name, options, modes }: Place,
  hasBase: boolean,
): string | undefined {
  const { appendMode, delta, occupancy } = options
  const isPlain = name.qualifier === 'none' && occupancy === undefined
  return variantText({
    format,
    modes,
    // Other messages between those of the channel would be taken for what the next differs from.
    delta: delta && hasBase && isPlain,
    whole: appendMode === 'full',
    occupancy,
    name: channel === home.ref.name ? undefined : channel,
    filter: name.filter,
  })
}
