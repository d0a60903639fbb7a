/** What every page of the dashboard loads: small comforts on top of pages that work without them. */
import { capabilities } from './capability.ts'
import { checks } from './check.ts'
import { copying } from './copying.ts'
import { dialogs } from './dialogs.ts'
import { enrich } from './enrich.ts'
import { faults } from './faults.ts'
import { previews } from './preview.ts'
import { theme } from './theme.ts'
import { wideMenu } from './wide-menu.ts'

enrich(document)
copying()
previews()
checks()
faults()
capabilities()
dialogs()
theme()
wideMenu()
