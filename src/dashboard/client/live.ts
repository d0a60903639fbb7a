/** The live pages: lists that stay fresh, a channel's log, and a message to try it out. */
import { answers } from './answer.ts'
import { freshen } from './fresh.ts'
import { followLog } from './log.ts'
import { pauses } from './pause.ts'

pauses()
freshen()
followLog()
answers()
