/** All levers, each in the file of what it pulls at. */
import type { Lever } from './lever.ts'
import { annotationLevers } from './levers/annotations.ts'
import { bodyLevers } from './levers/bodies.ts'
import { capabilityLevers } from './levers/capabilities.ts'
import { channelLevers } from './levers/channels.ts'
import { connectionLevers } from './levers/connections.ts'
import { floodLevers } from './levers/floods.ts'
import { frameLevers } from './levers/frames.ts'
import { messageLevers } from './levers/messages.ts'
import { presenceLevers } from './levers/presence.ts'
import { refusalLevers } from './levers/refusals.ts'
import { requestLevers } from './levers/requests.ts'
import { sandboxLevers } from './levers/sandbox.ts'
import { shareLevers } from './levers/shares.ts'

/** To see what an echo takes undisturbed. */
const nothing: Lever = {
  name: 'nothing',
  who: 'stranger',
  summary: 'does nothing',
  pull: (attacker) => attacker.wait(),
}

export const LEVERS: readonly Lever[] = [
  nothing,
  ...connectionLevers,
  ...refusalLevers,
  ...bodyLevers,
  ...floodLevers,
  ...capabilityLevers,
  ...channelLevers,
  ...messageLevers,
  ...frameLevers,
  ...annotationLevers,
  ...presenceLevers,
  ...requestLevers,
  ...shareLevers,
  ...sandboxLevers,
]
