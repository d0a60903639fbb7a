/** A channel that a client has attached over one transport (RTL4). */
import type { Attachment } from '../../../../core/channel/channel.ts'
import type { AttachOptions } from '../../wire/attach-params.ts'
import type { QualifiedName } from '../../wire/channel-name.ts'
import type { MemberPages } from '../presence/member-pages.ts'

export interface Attached {
  /** The name as it stands in frames. */
  readonly text: string
  readonly name: QualifiedName
  /** What the channel knows of it. */
  readonly attachment: Attachment
  /** What the client asked for; the modes that it has are those as far as the capability permits them now. */
  options: AttachOptions
  /** The position from which its last ATTACH went on. */
  resumedFrom: string | undefined
  /** Set while it has yet to be sent what it missed; until then it gets nothing that is live. */
  backlog: PendingBacklog | undefined
  /** Whether it knows the last publication, so that deltas can follow. */
  hasBase: boolean
}

/** What an attachment has yet to be sent, as far as others ask about it. */
export interface PendingBacklog {
  /** It has been sent everything up to this position. */
  readonly sentTo: string
  /** Sends the members once more, as they are when everything else has been sent. */
  tellMembers(pages: () => MemberPages): void
}
