CREATE TABLE `app_stats` (
	`app_id` text NOT NULL,
	`unit` text NOT NULL,
	`start` integer NOT NULL,
	`is_fixture` integer NOT NULL,
	`numbers` text NOT NULL,
	PRIMARY KEY(`app_id`, `unit`, `start`, `is_fixture`),
	FOREIGN KEY (`app_id`) REFERENCES `apps`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `app_stats_age` ON `app_stats` (`unit`,`start`);