package main

import "patchbay/sdk"

// What an editor asks while a person fills in an input: pick lists and forms.

type blueprintsInput struct {
	Search string `json:"search"`
}

func blueprintOptions(call *sdk.Call, in blueprintsInput) (sdk.Page[sdk.Option], error) {
	page, err := findBlueprints(call, in.Search, 0)
	if err != nil {
		return sdk.Page[sdk.Option]{}, err
	}
	choice := func(b blueprint) sdk.Option { return sdk.Option{Value: b.ID, Label: b.Title} }
	return sdk.Page[sdk.Option]{Items: each(page.Data, choice), Cursor: page.next()}, nil
}

// kickoffSchema is the JSON Schema of launch_process's kickoff for one blueprint.
func kickoffSchema(call *sdk.Call, in getBlueprintInput) (any, error) {
	b, err := readBlueprint(connect(call), in.BlueprintID)
	if err != nil {
		return nil, err
	}
	return formSchema(b.Prerun), nil
}

func formSchema(fields []field) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, f := range fields {
		properties[f.name()] = f.schema()
		if f.Required {
			required = append(required, f.name())
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// schema is the JSON Schema of the values that entry accepts, as far as a form can show it.
func (f field) schema() map[string]any {
	s := map[string]any{"title": f.Label, "type": "string"}
	switch f.Type {
	case "text":
		s["maxLength"] = 200
	case "textarea":
		s["maxLength"] = 30000
	case "email":
		s["format"] = "email"
	case "date":
		s["description"] = "ISO 8601, such as 2026-03-20 or 2026-03-20T17:00:00Z."
	case "radio", "dropdown":
		s["enum"] = f.texts()
	case "multiselect":
		s["type"], s["items"] = "array", map[string]any{"type": "string", "enum": f.texts()}
	case "table":
		s["type"], s["minItems"], s["maxItems"] = "array", len(f.Columns), len(f.Columns)
		s["items"] = map[string]any{"type": "string"}
		s["description"] = "One entry for each column: " + quoted(f.labels()) + "."
	case "assignees_form":
		s["type"], s["items"] = "array", map[string]any{"type": []string{"integer", "string"}}
		s["description"] = "User ids and e-mail addresses."
	case "file":
		s["type"], s["items"] = "array", map[string]any{"type": "object", "required": []string{"id"}}
		s["description"] = "Assets that were uploaded to Tallyfy before."
	default:
		delete(s, "type")
	}
	return s
}
