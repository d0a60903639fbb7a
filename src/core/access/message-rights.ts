/** Who may change a message: whoever may change any, and its author who may change their own (RSL15, RTL32). */
import type { Operation } from '../../policy/capability/operations.ts'
import type { MessageEdit } from '../types.ts'

/** What each change of a message takes: on any message, and on one of one's own. */
export const CHANGE_OPERATIONS: Readonly<
  Record<MessageEdit['action'], { readonly any: Operation; readonly own: Operation }>
> = {
  update: { any: 'message-update-any', own: 'message-update-own' },
  append: { any: 'message-update-any', own: 'message-update-own' },
  delete: { any: 'message-delete-any', own: 'message-delete-own' },
}
