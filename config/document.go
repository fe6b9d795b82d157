package config

import (
	"fmt"
	"reflect"
	"strings"
)

// A document is a configuration file as it is written; nothing in it has been
// understood yet, so that all its mistakes can be reported at once.
type document struct {
	SIP struct {
		Listen text `toml:"listen"`
		TCP    bool `toml:"tcp"`
		Proxy  text `toml:"proxy"`

		Phones      []text `toml:"phones"`
		RegisterFor text   `toml:"register_for"`
		Digest      []text `toml:"digest"`

		SessionExpires text `toml:"session_expires"`
		AskAfter       text `toml:"ask_after"`
	} `toml:"sip"`
	Media struct {
		Address   text `toml:"address"`
		FirstPort text `toml:"first_port"`
		LastPort  text `toml:"last_port"`
		RecordDir text `toml:"record_dir"`
		RecordAll bool `toml:"record_all"`
	} `toml:"media"`
	Audio struct {
		Hold     text `toml:"hold"`
		Queue    text `toml:"queue"`
		Park     text `toml:"park"`
		Ringback text `toml:"ringback"`
		Comfort  text `toml:"comfort"`
		Whisper  text `toml:"whisper"`
		Confirm  text `toml:"confirm"`
	} `toml:"audio"`
	Journal struct {
		Dir text `toml:"dir"`
	} `toml:"journal"`
	HTTP struct {
		Names    []text `toml:"names"`
		CertFile text   `toml:"cert_file"`
		KeyFile  text   `toml:"key_file"`
		SelfMade bool   `toml:"self_made"`
	} `toml:"http"`
	API struct {
		Listen text `toml:"listen"`
	} `toml:"api"`
	Keys []struct {
		Name       text `toml:"name"`
		Secret     text `toml:"secret"`
		SecretFile text `toml:"secret_file"`
	} `toml:"key"`
	Panel struct {
		Listen   text   `toml:"listen"`
		Origins  []text `toml:"origins"`
		NotReady []text `toml:"not_ready"`
		Media    text   `toml:"media"`
		MediaTCP bool   `toml:"media_tcp"`
		Mask     bool   `toml:"mask_internal"`

		SessionFor text `toml:"session_for"`
		IdleFor    text `toml:"idle_for"`
	} `toml:"panel"`
	Rules struct {
		OfferFor     text `toml:"offer_for"`
		RingFor      text `toml:"ring_for"`
		AcceptWithin text `toml:"accept_within"`
		ConsultFor   text `toml:"consult_for"`
		JoinWithin   text `toml:"join_within"`
		RecallFor    text `toml:"recall_for"`
		TakenAfter   text `toml:"taken_after"`
		Grace        text `toml:"grace"`
		HandOvers    text `toml:"hand_overs"`
		CallerID     text `toml:"caller_id"`
		Fallback     text `toml:"fallback"`
	} `toml:"rules"`
	Trunks []struct {
		Name      text   `toml:"name"`
		Addresses []text `toml:"addresses"`
		Gateway   text   `toml:"gateway"`

		User         text `toml:"user"`
		Password     text `toml:"password"`
		PasswordFile text `toml:"password_file"`
		Realm        text `toml:"realm"`
		Identity     bool `toml:"identity"`
		Refer        bool `toml:"refer"`
	} `toml:"trunk"`
	Allow struct {
		Numbers []text `toml:"numbers"`
		Hosts   []text `toml:"hosts"`
	} `toml:"allow"`
	Agents []struct {
		Name      text `toml:"name"`
		Address   text `toml:"address"`
		Capacity  text `toml:"capacity"`
		AfterCall text `toml:"after_call"`

		User         text `toml:"user"`
		Password     text `toml:"password"`
		PasswordFile text `toml:"password_file"`
		Digest       text `toml:"digest"`

		Login     text `toml:"login"`
		LoginFile text `toml:"login_file"`
	} `toml:"agent"`
	Queues []struct {
		Name     text   `toml:"name"`
		Agents   []text `toml:"agents"`
		OfferFor text   `toml:"offer_for"`
	} `toml:"queue"`
	Routes []struct {
		Called text `toml:"called"`
		Agent  text `toml:"agent"`
		Queue  text `toml:"queue"`
	} `toml:"route"`
	Endpoints []struct {
		Name    text `toml:"name"`
		Address text `toml:"address"`
	} `toml:"endpoint"`
}

// A text is a string or a number of the file, as written.
type text string

func (t *text) UnmarshalText(b []byte) error {
	*t = text(b)
	return nil
}

// startOver empties the lists that a file with these places brings itself:
// all of an example's agents, queues, routes and endpoints go together, because
// they name each other.
func (d *document) startOver(file places) {
	if file.has("trunk") {
		d.Trunks = nil
	}
	if file.has("agent") || file.has("queue") || file.has("route") || file.has("endpoint") {
		d.Agents, d.Queues, d.Routes, d.Endpoints = nil, nil, nil, nil
	}
	if file.has("sip.phones") {
		d.SIP.Phones = nil
	}
	if file.has("sip.digest") {
		d.SIP.Digest = nil
	}
	if file.has("http.names") {
		d.HTTP.Names = nil
	}
	if file.has("panel.origins") {
		d.Panel.Origins = nil
	}
	if file.has("panel.not_ready") {
		d.Panel.NotReady = nil
	}
	if file.has("allow.numbers") {
		d.Allow.Numbers = nil
	}
	if file.has("allow.hosts") {
		d.Allow.Hosts = nil
	}
}

func (f places) has(list string) bool {
	_, plain := f.offsets[list]
	_, first := f.offsets[list+"[0]"]
	return plain || first
}

// unknownKey is the mistake of a key, given as its path of names, that a
// document does not have.
func unknownKey(path []string) string {
	table := reflect.TypeFor[document]()
	where, last := "", path[len(path)-1]
	for _, name := range path[:len(path)-1] {
		field, ok := fieldOf(table, name)
		if !ok {
			last = name
			break
		}
		where, table = fmt.Sprintf(" in [%s]", name), field
		if table.Kind() == reflect.Slice {
			where, table = fmt.Sprintf(" in [[%s]]", name), table.Elem()
		}
		if table.Kind() != reflect.Struct {
			break
		}
	}
	return fmt.Sprintf("unknown key %q%s%s", last, where, Suggest(last, namesOf(table)))
}

func fieldOf(table reflect.Type, name string) (reflect.Type, bool) {
	for f := range table.Fields() {
		if f.Tag.Get("toml") == strings.ToLower(name) {
			return f.Type, true
		}
	}
	return nil, false
}

func namesOf(table reflect.Type) []string {
	var names []string
	if table.Kind() == reflect.Struct {
		for f := range table.Fields() {
			names = append(names, f.Tag.Get("toml"))
		}
	}
	return names
}
