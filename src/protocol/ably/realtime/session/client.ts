/** One client over one transport, as those see it who deal with its frames. */
import type { Allowance } from '../../../../core/access/allowance.ts'
import { type ChannelRef, type Frame, type Socket, channelRef } from '../../../../core/types.ts'
import type { Failure } from '../../../../failure.ts'
import type { ErrorInfo } from '../../errors/error-info.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { Format } from '../../wire/format.ts'
import type { Attached } from '../attaching/attached.ts'
import type { Connection } from '../connection/connection.ts'
import type { SmallMap } from './small-map.ts'

export interface Client {
  readonly socket: Socket
  readonly format: Format
  readonly echo: boolean
  /** Milliseconds that what it appends may wait for more. */
  readonly rollupMs: number
  readonly connection: Connection
  /** What pays for what it publishes. */
  readonly allowance: Allowance
  /** By the name in frames, with any qualifier. */
  readonly attachments: SmallMap<Attached>
  send(message: Readonly<Record<string, unknown>>): void
  sendFrame(frame: Frame): void
  errorInfo(why: Failure): ErrorInfo
  /** To be told of messages or members that it has been sent because it asked: asking counts for its limits. */
  charge(items: number): void
  /** To be told of what was not done for it. */
  refused(why: Failure, channel?: string): void
}

/** The channel that a name stands for. Those of other spaces of names are channels of their own. */
export function refOf({ connection }: Client, name: QualifiedName): ChannelRef {
  return channelRef(connection.appId, name.qualifier === 'meta' ? name.resource : name.name)
}

/** Whether what the client publishes does not come back to it (RTN2b, TB4). */
export function isEchoOff({ echo }: Client, options: AttachOptions | undefined): boolean {
  return !echo || options?.echo === false
}
