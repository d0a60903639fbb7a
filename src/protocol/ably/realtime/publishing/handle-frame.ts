/** Hands frames that are acknowledged to what handles their kind: MESSAGE, PRESENCE, ANNOTATION and OBJECT. */
import type { Soon } from '../../../../core/soon.ts'
import type { Result } from '../../../../failure.ts'
import type { ClientFrame } from '../../wire/frame-reader.ts'
import type { Presences } from '../presence/presence.ts'
import type { Client } from '../session/client.ts'
import type { Accepted } from './accepted.ts'
import type { Annotating } from './annotating.ts'
import type { ObjectChanging } from '../objects/object-changing.ts'
import type { Publishing } from './publishing.ts'

export interface FrameHandlers {
  readonly publishing: Publishing
  readonly presences: Presences
  readonly annotating: Annotating
  readonly objects: ObjectChanging
}

export type AcknowledgedFrame = Extract<ClientFrame, { readonly msgSerial: number }>

export function handleFrame(
  { annotating, objects, presences, publishing }: FrameHandlers,
  client: Client,
  frame: AcknowledgedFrame,
): Soon<Result<Accepted>> {
  switch (frame.kind) {
    case 'message':
      return publishing.publish(client, frame)
    case 'presence':
      return presences.change(client, frame)
    case 'annotation':
      return annotating.annotate(client, frame)
    case 'object':
      return objects.change(client, frame)
  }
}
