/** What every page of the dashboard loads: small comforts on top of pages that work without them. */
import { copying } from './copying.ts'
import { times } from './times.ts'
import { wideMenu } from './wide-menu.ts'

copying()
times(document)
wideMenu()
