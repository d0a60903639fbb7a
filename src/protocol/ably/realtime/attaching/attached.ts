/** A channel that a client has attached over one transport (RTL4). */
import type { Attachment } from '../../../../core/channel/channel.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { MemberPages } from '../presence/member-pages.ts'

export interface Attached {
  /** The channel name as it stands in frames. */
  readonly text: string
  readonly name: QualifiedName
  /** The attachment as the channel keeps it. */
  readonly attachment: Attachment
  /** What the client asked for. Its effective modes, limited by its capability, are in `attachment`. */
  options: AttachOptions
  /** The serial from which the last ATTACH resumed. */
  resumedFrom: string | undefined
  /** Set while missed events remain to be sent; live events come after them. */
  backlog: PendingBacklog | undefined
  /** Whether the client has the last publication, so that the next can be a delta. */
  hasBase: boolean
}

/** What remains to be sent to an attachment, as far as other files need to know. */
export interface PendingBacklog {
  /** The position up to which everything has been sent. */
  readonly sentTo: string
  /** Queues another SYNC, with the members at the time when everything else has been sent. */
  tellMembers(pages: () => MemberPages): void
}
