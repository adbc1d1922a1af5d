"""What a real Home Assistant does (release 2026.11.0, each tried), what the gateway does about it, and the tests that prove it. Those
against a real one are in this folder, and `make homeassistant` makes one; those elsewhere need none. `test_rows.py` reads this table.

What it is told
 1. The root of a device's payload is closed, one key more rejects the device: a payload is made of closed models.
    tests/business/homeassistant/test_entities.py: test_a_payload_has_the_keys_that_home_assistant_knows_and_no_other
    tests/system/homeassistant/test_real_home_assistant.py: test_everything_comes_up_with_its_name_unit_and_class
 2. A component without platform or unique id loses the whole device, a unit that does not fit its class the component: neither is sent.
    tests/business/homeassistant/test_entities.py: test_each_component_has_a_platform_and_an_id_of_its_own
    tests/business/homeassistant/test_entities.py: test_what_home_assistant_would_refuse_is_left_out
    tests/business/homeassistant/test_entities.py: test_what_home_assistant_would_refuse_in_the_file_is_named
 3. `object_id` is gone: programs find an entity by `default_entity_id`, which is made of ids and never of what people call a thing.
    tests/business/homeassistant/test_entities.py: test_ids_are_made_of_ids_whatever_people_call_a_thing
    tests/system/homeassistant/test_real_home_assistant.py: test_everything_comes_up_with_its_name_unit_and_class
 4. A command expires where its component says so, at the root it rejects the device: 30 s on each command, QoS 1, never retained.
    tests/business/homeassistant/test_entities.py: test_a_command_goes_at_qos_1_expires_and_is_never_believed_before_it_is_done
    tests/business/homeassistant/test_entities.py: test_nothing_is_retained_or_expires_at_the_root
    tests/system/homeassistant/test_real_kinds.py: test_every_command_goes_at_qos_1_unretained_and_expires
    tests/daemon/test_homeassistant_broker.py: test_a_command_that_is_too_old_is_not_carried_out
 5. Children of a device are known to its newest release alone: one message a device, each names the gateway as its way.
    tests/business/homeassistant/test_entities.py: test_every_device_is_reached_through_the_gateway
    tests/business/homeassistant/test_homeassistant.py: test_the_gateway_is_announced_before_those_that_are_reached_through_it
    tests/daemon/test_homeassistant_broker.py: test_a_hundred_twins_are_announced_with_a_hundred_messages
    tests/system/homeassistant/test_real_home_assistant.py: test_every_device_names_the_gateway_as_its_way
 6. All is unavailable until it hears otherwise: the gateway's status and the device's own word are kept, and both must say so.
    tests/business/homeassistant/test_entities.py: test_a_device_is_available_while_the_gateway_and_the_device_are
    tests/daemon/test_homeassistant_broker.py: test_what_is_announced_is_there_a_newcomer_sees_its_state
    tests/system/homeassistant/test_real_home_assistant.py: test_devices_are_away_while_the_gateway_is

What goes
 7. A component that is left out stays: it is named by its platform alone once, and then left out.
    tests/business/homeassistant/test_announcement.py: test_a_value_that_is_gone_is_named_by_its_platform_once_and_then_left_out
    tests/system/homeassistant/test_real_home_assistant.py: test_a_restart_of_home_assistant_brings_everything_back
 8. What was taken away while it was down is a ghost for ever: at its next start it is told in full once more, and then taken back.
    tests/business/homeassistant/test_announcement.py: test_no_ghost_of_a_value_that_went_while_home_assistant_was_down
    tests/business/homeassistant/test_announcement.py: test_no_ghost_of_a_device_that_ended_while_home_assistant_was_down
    tests/business/homeassistant/test_announcement.py: test_no_ghost_under_a_topic_that_changed_while_home_assistant_was_down
    tests/daemon/test_homeassistant_broker.py: test_a_section_that_goes_while_home_assistant_is_away_leaves_no_ghost
    tests/system/homeassistant/test_real_home_assistant.py: test_a_restart_of_home_assistant_brings_everything_back
 9. A user deletes a device there: it clears what the broker keeps of it, and it stays away until it is restored.
    tests/business/homeassistant/test_homeassistant.py: test_a_device_that_a_user_deletes_stays_away_until_it_is_restored
    tests/daemon/test_homeassistant_broker.py: test_a_device_that_a_user_deletes_stays_away_until_it_is_restored
    tests/system/homeassistant/test_real_home_assistant.py: test_a_device_that_a_user_deletes_stays_away
    tests/system/homeassistant/test_real_home_assistant.py: test_a_restart_of_home_assistant_brings_everything_back

What it shows
10. A key that a template reads and the message has not makes the state empty, and a warning: a value is announced once it was seen.
    tests/business/test_twin_shown.py: test_a_twin_introduces_itself_in_the_turn_of_its_first_report
    tests/business/test_twin_shown.py: test_a_new_value_unit_or_type_is_introduced
    tests/business/homeassistant/test_entities.py: test_what_the_gateway_has_said_before_it_had_a_section_is_no_fault
    tests/system/homeassistant/test_real_kinds.py: test_meters_counters_and_units_of_a_bus_have_their_classes_and_a_state
11. It says that it has started, unretained at QoS 0: announcements are kept, and told again some seconds later, and at each connection.
    tests/business/homeassistant/test_homeassistant.py: test_all_is_announced_again_some_seconds_after_home_assistant_has_started
    tests/business/homeassistant/test_homeassistant.py: test_all_is_announced_again_at_each_connection_of_ours
    tests/daemon/test_homeassistant_broker.py: test_a_broker_that_has_forgotten_all_is_told_again
    tests/system/homeassistant/test_real_home_assistant.py: test_a_restart_of_home_assistant_brings_everything_back
12. With `expire_after` a stale value comes back fresh at its start: it is not said, for a twin knows its silence itself.
    tests/business/homeassistant/test_entities.py: test_nothing_is_retained_or_expires_at_the_root
    tests/business/homeassistant/test_entities.py: test_a_device_is_available_while_the_gateway_and_the_device_are
13. A press is an event that is not kept, and carries its message's id.
    tests/business/homeassistant/test_entities.py: test_what_happens_is_an_event
    tests/system/homeassistant/test_real_home_assistant.py: test_a_press_is_an_event
    tests/system/homeassistant/test_real_kinds.py: test_a_press_is_not_kept_and_carries_its_message
14. An alarm is a truth, a phase and a button, and no alarm panel.
    tests/system/homeassistant/test_real_home_assistant.py: test_an_alarm_is_acknowledged_by_its_button
15. A trip is a tracker that is called as its device; its zone is derived there.
    tests/business/homeassistant/test_entities.py: test_a_place_is_a_tracker_that_is_called_as_its_device
    tests/system/homeassistant/test_real_kinds.py: test_a_tracker_knows_its_zone
16. A command is a message as everybody sends it; what is shown is the real level, and a command that was kept does nothing.
    tests/daemon/test_homeassistant_broker.py: test_a_command_as_it_is_announced_switches_and_a_retained_one_never_does
    tests/system/homeassistant/test_real_home_assistant.py: test_a_switch_shows_the_real_level
    tests/system/homeassistant/test_real_kinds.py: test_what_is_set_in_home_assistant_is_what_the_unit_keeps
    tests/system/homeassistant/test_real_kinds.py: test_a_light_is_as_bright_as_it_was_told_to_be
17. Units and classes are its own, as the names of values end.
    tests/system/homeassistant/test_real_home_assistant.py: test_our_units_and_classes_are_those_of_home_assistant
    tests/system/homeassistant/test_real_kinds.py: test_meters_counters_and_units_of_a_bus_have_their_classes_and_a_state
"""
